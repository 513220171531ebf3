import { call } from '../api.ts'
import { asking } from '../asking.ts'
import { limitedTo } from '../characters.ts'
import { goTo } from '../place.ts'
import { FormDialog } from './dialog.tsx'

interface CreateRoomProps {
  readonly name?: string
  readonly topic?: string
  readonly privacy?: 'public' | 'private'
}

const close = () => {
  asking.value = undefined
}

/** Creates a room; an add-on may have filled in some fields. */
export function CreateRoom({ name = '', topic = '', privacy = 'public' }: CreateRoomProps) {
  async function create(text: (field: string) => string) {
    const { id } = await call('createRoom', {
      name: text('name'),
      privacy: text('privacy') === 'private' ? 'private' : 'public',
      ...(text('topic') === '' ? {} : { topic: text('topic') }),
    })
    goTo({ kind: 'room', id })
  }

  return (
    <FormDialog title="Create a room" action="Create room" save={create} close={close}>
      <label class="field">
        <span>Name</span>
        <input name="name" required {...limitedTo(50)} defaultValue={name} />
      </label>
      <label class="field">
        <span>Topic</span>
        <input name="topic" {...limitedTo(250)} defaultValue={topic} />
      </label>
      <fieldset class="dialog-choice">
        <legend>Who may enter</legend>
        <label>
          <input type="radio" name="privacy" value="public" defaultChecked={privacy === 'public'} />
          Everybody in the group
        </label>
        <label>
          <input type="radio" name="privacy" value="private" defaultChecked={privacy === 'private'} />
          Invited people only
        </label>
      </fieldset>
    </FormDialog>
  )
}
