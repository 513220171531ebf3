import { useSignal } from '@preact/signals'
import { asking, type ViewedFile } from '../asking.ts'
import { elsewhere, isAddress } from '../messages/html.ts'
import { Dialog } from './dialog.tsx'

/** Pictures in full size, one after the other. */
export function Viewer({ files, at }: { files: readonly ViewedFile[]; at: number }) {
  const index = useSignal(Math.min(Math.max(0, at), Math.max(0, files.length - 1)))
  const failed = useSignal(false)
  const file = files[index.value]
  const close = () => {
    asking.value = undefined
  }
  const step = (by: number) => {
    index.value = (index.value + by + files.length) % files.length
    failed.value = false
  }
  if (!file) return null
  const shown = isAddress(file.url, /^(?:https?|data|blob):$/)
  const openable = isAddress(file.url)
  return (
    <Dialog title={file.name} class="viewer" close={close}>
      {shown && !failed.value ? (
        <img
          class="viewer-picture"
          src={file.url}
          alt={file.name}
          referrerpolicy="no-referrer"
          onError={() => {
            failed.value = true
          }}
        />
      ) : (
        <p>This file cannot be shown here.</p>
      )}
      <div class="dialog-buttons">
        {files.length > 1 && (
          <>
            <button type="button" class="button" onClick={() => step(-1)}>
              Previous
            </button>
            <span aria-live="polite">
              {index.value + 1} of {files.length}
            </span>
            <button type="button" class="button" onClick={() => step(1)}>
              Next
            </button>
          </>
        )}
        {openable && (
          <a class="button" href={file.url} download={file.name} {...elsewhere}>
            Open file
          </a>
        )}
      </div>
    </Dialog>
  )
}
