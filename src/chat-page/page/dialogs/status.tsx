import { call } from '../api.ts'
import { limitedTo } from '../characters.ts'
import { me } from '../store.ts'
import { FormDialog } from './dialog.tsx'
import { page } from './open.ts'

const close = () => {
  page.value = undefined
}

const isShow = (show: unknown): show is 'chat' | 'away' | 'xa' | 'dnd' =>
  show === 'chat' || show === 'away' || show === 'xa' || show === 'dnd'

/** A line next to one's name. */
export function Status() {
  const { show, status_text } = me.value?.presence ?? {}

  async function save(text: (field: string) => string) {
    await call('setPresence', { show: isShow(show) ? show : 'chat', status: text('status') || null })
  }

  return (
    <FormDialog title="Your status" action="Save" save={save} close={close}>
      <label class="field">
        <span>What others see next to your name</span>
        <input name="status" {...limitedTo(140)} defaultValue={status_text ?? ''} />
      </label>
    </FormDialog>
  )
}
