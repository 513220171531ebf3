import { useSignal } from '@preact/signals'
import { call } from '../api.ts'
import { asking } from '../asking.ts'
import { goTo } from '../place.ts'
import { Dialog } from './dialog.tsx'

interface CreateRoomProps {
  readonly name?: string
  readonly topic?: string
  readonly privacy?: 'public' | 'private'
}

const close = () => {
  asking.value = undefined
}

/** A new room; an add-on may have filled in what it is to be. */
export function CreateRoom({ name = '', topic = '', privacy = 'public' }: CreateRoomProps) {
  const problem = useSignal('')
  const busy = useSignal(false)

  async function create(form: HTMLFormElement) {
    const given = new FormData(form)
    const text = (field: string) => String(given.get(field) ?? '').trim()
    busy.value = true
    try {
      const { id } = await call('createRoom', {
        name: text('name'),
        privacy: text('privacy') === 'private' ? 'private' : 'public',
        ...(text('topic') === '' ? {} : { topic: text('topic') }),
      })
      close()
      goTo({ kind: 'room', id })
    } catch (error) {
      problem.value = (error as Error).message
    } finally {
      busy.value = false
    }
  }

  return (
    <Dialog title="Create a room" close={close}>
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault()
          void create(event.currentTarget)
        }}
      >
        <label class="field">
          <span>Name</span>
          <input name="name" required maxLength={50} defaultValue={name} />
        </label>
        <label class="field">
          <span>Topic</span>
          <input name="topic" maxLength={250} defaultValue={topic} />
        </label>
        <fieldset class="dialog-choice">
          <legend>Who may enter</legend>
          <label>
            <input type="radio" name="privacy" value="public" defaultChecked={privacy === 'public'} />
            Everybody in the group
          </label>
          <label>
            <input type="radio" name="privacy" value="private" defaultChecked={privacy === 'private'} />
            Those who are invited
          </label>
        </fieldset>
        {problem.value && (
          <p role="alert" class="problem">
            {problem.value}
          </p>
        )}
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="button-main" disabled={busy.value}>
            Create room
          </button>
        </div>
      </form>
    </Dialog>
  )
}
