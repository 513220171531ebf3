import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { messageOf } from '../api.ts'
import { Icon } from '../icons.tsx'
import './dialogs.css'

interface DialogProps {
  readonly title: string
  readonly class?: string
  readonly children: ComponentChildren
  close(): void
}

/** A dialog over the page. The browser keeps the focus in it, and restores it afterwards; Escape closes it. */
export function Dialog({ title, class: name = '', children, close }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const dialog = element.current
    dialog?.showModal()
    dialog?.querySelector<HTMLElement>('input, textarea')?.focus() // rather than the close button
    return () => dialog?.close()
  }, [])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same as a click outside
    <dialog
      ref={element}
      class={`dialog ${name}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        close()
      }}
      onClick={(event) => {
        if (event.target === element.current) close() // outside
      }}
    >
      <div class="dialog-inside">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="button-icon" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  )
}

interface FormDialogProps extends DialogProps {
  /** The text of the button that saves. */
  readonly action: string
  readonly isIncomplete?: boolean
  /** The dialog closes when it resolves; otherwise it stays open and shows the error. */
  save(text: (field: string) => string): Promise<void>
}

/** A dialog with a form. `save` gets the fields by name, without surrounding whitespace. */
export function FormDialog({ title, action, isIncomplete = false, children, close, save }: FormDialogProps) {
  const problem = useSignal('')
  const busy = useSignal(false)

  async function submit(form: HTMLFormElement) {
    const given = new FormData(form)
    busy.value = true
    problem.value = ''
    try {
      await save((field) => String(given.get(field) ?? '').trim())
      close()
    } catch (error) {
      problem.value = messageOf(error)
    } finally {
      busy.value = false
    }
  }

  return (
    <Dialog title={title} close={close}>
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault()
          void submit(event.currentTarget)
        }}
      >
        {children}
        {problem.value && (
          <p role="alert" class="problem">
            {problem.value}
          </p>
        )}
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="button-main" disabled={busy.value || isIncomplete}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
