import { useSignal } from '@preact/signals'

interface CopyProps {
  readonly text: string
  /** What is copied, for people who cannot see what is next to the button. */
  readonly what: string
}

/** Copies a string to the clipboard, and confirms it. */
export function Copy({ text, what }: CopyProps) {
  const said = useSignal('')
  async function copy(): Promise<void> {
    try {
      // Exists only on secure origins, including this machine's.
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
