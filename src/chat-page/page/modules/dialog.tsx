import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { Frame } from './bridge.ts'
import { type DialogButton, readOptions } from './dialog-options.ts'
import { ModuleFrame } from './frame.tsx'
import { CloseIcon } from './icons.tsx'
import { type Dialog, dialog, problem } from './opening.ts'
import './modules.css'

/** The open dialog of an add-on, if any, or why something could not be opened. */
export function ModuleDialog() {
  return (
    <>
      {dialog.value && <Open key={dialog.value.id} open={dialog.value} />}
      {problem.value && <Problem {...problem.value} />}
    </>
  )
}

const filterPause = 250

function close(): void {
  dialog.value = undefined
}

function Open({ open }: { open: Dialog }) {
  const { integration, module, room, values, events, title } = open
  const options = readOptions(open.options)
  const element = useModal()
  const frame = useRef<Frame | undefined>(undefined)
  const waiting = useSignal(false)

  /** The page of the dialog decides whether it stays open: it may answer false. Without an answer the dialog closes. */
  async function press({ key }: DialogButton): Promise<void> {
    const answer = frame.current?.ask('dialog-button-click', { action: key })
    if (!answer) return close()
    waiting.value = true
    const [stays] = await answer
    waiting.value = false
    // The dialog may have been closed meanwhile, and another one opened.
    if (stays !== false && dialog.value?.id === open.id) close()
  }

  const button = (one: DialogButton, kind: string) => (
    <button
      key={`${one.key} ${one.name}`}
      type="button"
      class={kind}
      disabled={!one.enabled || waiting.value}
      onClick={() => void press(one)}
    >
      {one.name}
    </button>
  )
  return (
    <dialog
      ref={element}
      class={`module-dialog${options.warning ? ' module-dialog-warning' : ''}`}
      aria-labelledby="module-dialog-title"
      style={{ width: options.width }}
      onClose={close}
    >
      <header>
        <h2 id="module-dialog-title" class="module-dialog-title">
          {title}
        </h2>
        {options.filter && <Filter placeholder={options.filter.placeholder} frame={frame} />}
        <button type="button" class="module-tool" aria-label="Close the dialog" title="Close" onClick={close}>
          <CloseIcon />
        </button>
      </header>
      <div class="module-dialog-body" style={{ height: options.height }}>
        <ModuleFrame
          integration={integration}
          room={room}
          show={{ key: module.key }}
          title={title}
          values={values}
          events={events}
          onFrame={(made) => {
            frame.current = made
          }}
          onEscape={close}
        />
      </div>
      {(options.hint || options.primaryAction || options.secondaryActions.length > 0) && (
        <footer>
          <p class="module-hint">{options.hint}</p>
          {options.primaryAction && button(options.primaryAction, 'module-primary')}
          {options.secondaryActions.map((one) => button(one, 'module-secondary'))}
        </footer>
      )}
    </dialog>
  )
}

function Filter({ placeholder, frame }: { placeholder: string; frame: { current: Frame | undefined } }) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  return (
    <input
      type="search"
      class="module-filter"
      placeholder={placeholder}
      aria-label={placeholder}
      onInput={({ currentTarget: { value } }) => {
        clearTimeout(timer.current)
        timer.current = setTimeout(() => frame.current?.tell('dialog-filter-changed', { value }), filterPause)
      }}
    />
  )
}

function Problem({ title, text }: { title: string; text: string }) {
  const element = useModal()
  const end = () => {
    problem.value = undefined
  }
  return (
    <dialog
      ref={element}
      class="module-dialog module-problem"
      role="alertdialog"
      aria-labelledby="module-problem-title"
      aria-describedby="module-problem"
      onClose={end}
    >
      <header>
        <h2 id="module-problem-title" class="module-dialog-title">
          {title}
        </h2>
      </header>
      <p id="module-problem">{text}</p>
      <footer>
        <button type="button" class="module-primary" onClick={end}>
          Close
        </button>
      </footer>
    </dialog>
  )
}

/** A dialog that traps the focus, and restores it afterwards. */
function useModal() {
  const element = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const before = document.activeElement
    element.current?.showModal()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return element
}
