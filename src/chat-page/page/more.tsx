import { useSignal } from '@preact/signals'
import { messageOf } from './api.ts'

/** A button that loads the next part of a long list. */
export function More({ label, load }: { label: string; load: () => Promise<void> }) {
  const problem = useSignal('')
  const busy = useSignal(false)

  async function bring() {
    busy.value = true
    problem.value = ''
    try {
      await load()
    } catch (error) {
      problem.value = messageOf(error)
    } finally {
      busy.value = false
    }
  }

  return (
    <p class="more">
      <button type="button" class="button-plain" disabled={busy.value} onClick={bring}>
        {label}
      </button>
      {problem.value && (
        <span role="alert" class="problem">
          {problem.value}
        </span>
      )}
    </p>
  )
}
