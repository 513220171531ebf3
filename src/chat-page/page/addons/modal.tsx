import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { Problem, useWork } from './work.tsx'

interface ModalProps {
  readonly title: string
  /** The person wants to close it; it stays until it is no longer rendered. */
  readonly onClose: () => void
  readonly wide?: boolean
  readonly children: ComponentChildren
}

/** A dialog over the page: it traps the keyboard focus, and restores it afterwards. */
export function Modal({ title, onClose, wide = false, children }: ModalProps) {
  const box = useRef<HTMLDialogElement>(null)
  const id = useId()
  useLayoutEffect(() => {
    const dialog = box.current
    dialog?.showModal()
    return () => dialog?.close()
  }, [])
  return (
    <dialog
      ref={box}
      class={wide ? 'tools-modal tools-wide' : 'tools-modal'}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  )
}

interface ConfirmProps {
  readonly title: string
  /** What happens, in a sentence or two. */
  readonly text: string
  readonly action: string
  readonly onClose: () => void
  /** Does it; if it throws, the error is shown and the dialog stays. */
  readonly work: () => Promise<unknown>
}

/** Asks for confirmation before something that cannot be undone. */
export function Confirm({ title, text, action, onClose, work }: ConfirmProps) {
  const { busy, problem, run } = useWork()
  return (
    <Modal title={title} onClose={onClose}>
      <p>{text}</p>
      <Problem text={problem.value} />
      <p class="tools-buttons">
        <button
          type="button"
          class="button-main tools-danger"
          disabled={busy.value}
          onClick={() =>
            run(async () => {
              await work()
              onClose()
            })
          }
        >
          {action}
        </button>
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
      </p>
    </Modal>
  )
}
