import { useSignal } from '@preact/signals'

interface CopyProps {
  readonly text: string
  /** What is copied, for whoever cannot see what stands beside the button. */
  readonly what: string
}

/** Puts a text on the clipboard, and says so. */
export function Copy({ text, what }: CopyProps) {
  const said = useSignal('')
  async function copy(): Promise<void> {
    try {
      // Only there on secure origins, this machine's among them.
      await navigator.clipboard.writeText(text)
      said.value = 'Copied'
    } catch {
      said.value = 'Your browser does not allow it: select the text and copy it'
    }
  }
  return (
    <span class="tools-copy">
      <button
        type="button"
        class="button tools-small"
        aria-label={`Copy ${what}`}
        onClick={() => void copy()}
      >
        Copy
      </button>
      <span role="status">{said.value}</span>
    </span>
  )
}
