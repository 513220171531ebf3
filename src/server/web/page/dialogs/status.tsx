import { useSignal } from '@preact/signals'
import { call } from '../api.ts'
import { me } from '../store.ts'
import { Dialog } from './dialog.tsx'
import { page } from './open.ts'

const close = () => {
  page.value = undefined
}

const isShow = (show: unknown): show is 'chat' | 'away' | 'xa' | 'dnd' =>
  show === 'chat' || show === 'away' || show === 'xa' || show === 'dnd'

/** A line beside one's name. */
export function Status() {
  const problem = useSignal('')
  const { show, status_text } = me.value?.presence ?? {}

  async function save(status: string) {
    try {
      await call('setPresence', { show: isShow(show) ? show : 'chat', status: status || null })
      close()
    } catch (error) {
      problem.value = (error as Error).message
    }
  }

  return (
    <Dialog title="Your status" close={close}>
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault()
          void save(String(new FormData(event.currentTarget).get('status') ?? '').trim())
        }}
      >
        <label class="field">
          <span>What others see beside your name</span>
          <input name="status" maxLength={140} defaultValue={status_text ?? ''} />
        </label>
        {problem.value && (
          <p role="alert" class="problem">
            {problem.value}
          </p>
        )}
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="button-main">
            Save
          </button>
        </div>
      </form>
    </Dialog>
  )
}
