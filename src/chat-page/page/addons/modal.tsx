import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { Problem, useWork } from './work.tsx'

interface ModalProps {
  readonly title: string
  /** Somebody wants it closed; it stays until it is drawn no more. */
  readonly onClose: () => void
  readonly wide?: boolean
  readonly children: ComponentChildren
}

/** A dialog over the page: it keeps the keyboard, and gives it back to where it was. */
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
  /** Does it; what it throws is shown, and the question stays. */
  readonly work: () => Promise<unknown>
}

/** Asks before something is done that cannot be undone. */
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
