import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Message } from '../../../api/objects.ts'
import type { PageRoom } from '../../pages/api.ts'
import { call } from './api.ts'
import { hear } from './store.ts'

export function Room({ room }: { room: PageRoom }) {
  const messages = useSignal<readonly Message[]>([])
  const text = useSignal('')
  useEffect(() => {
    call('enterRoom', { room_id: room.id }).catch(() => {})
    call('getRoomHistory', { id_or_name: room.id }).then(({ items }) => {
      messages.value = items
    })
    return hear('message', ({ room_id, message }) => {
      if (room_id === room.id) messages.value = [...messages.value, message]
    })
  }, [room.id])
  return (
    <section aria-label={room.name}>
      <h1>{room.name}</h1>
      <ul>
        {messages.value.map((message) => (
          <li key={message.id}>{message.message}</li>
        ))}
      </ul>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void call('sendRoomMessage', { id_or_name: room.id, message: text.value })
          text.value = ''
        }}
      >
        <input
          aria-label="Message"
          value={text}
          onInput={(event) => {
            text.value = event.currentTarget.value
          }}
        />
      </form>
    </section>
  )
}
