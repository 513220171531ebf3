import { Dialog } from './dialog.tsx'
import { page } from './open.ts'

const shortcuts = [
  ['Ctrl+K', 'go to a room or a person (⌘K on a Mac)'],
  ['Enter', 'send the message'],
  ['Shift+Enter', 'start a new line'],
  ['@', 'mention a person; @all and @here mention everybody'],
  ['(', 'insert an emoticon'],
  ['/', 'use a command, at the beginning of a message'],
  ['Escape', 'close what is open'],
  ['?', 'show this'],
] as const

/** The dialog that lists the shortcuts of the keyboard. */
export function Shortcuts() {
  return (
    <Dialog
      title="Keyboard shortcuts"
      close={() => {
        page.value = undefined
      }}
    >
      <dl class="dialog-keys">
        {shortcuts.map(([key, meaning]) => (
          <>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </>
        ))}
      </dl>
    </Dialog>
  )
}
