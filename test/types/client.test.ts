import { describe, expectTypeOf, it } from 'vitest'
import {
  type Addon,
  type Client,
  type CommandContext,
  createAddon,
  createPersonalClient,
  type EventContext,
  type EventMessage,
  type Handler,
  type HookContext,
  type Message,
  type Middleware,
  type Page,
  type Room,
  type RoomReference,
  type Scope,
} from '../../src/index.ts'

// These are checked by `tsc`, which reads the whole folder. At run time they only have to load: the functions given to
// `compiled` are never called.
const compiled = (name: string, _body: () => unknown) => it(name, () => {})

const notifier = () =>
  createAddon({
    key: 'com.example.types',
    name: 'Types',
    description: 'Checked by the compiler',
    scopes: ['send_notification'],
    store: 'memory:',
  })

const several = () =>
  createAddon({
    key: 'com.example.types',
    name: 'Types',
    description: 'Checked by the compiler',
    scopes: ['send_notification', 'view_room', 'view_messages'],
    store: 'memory:',
  })

describe('the scopes of an add-on', () => {
  compiled('determine which operations its handlers have', () =>
    notifier().webhook('room_message', async ({ client, room, reply }) => {
      await client.sendRoomNotification({ id_or_name: 1, message: 'Hi' })
      await room.sendRoomNotification({ message: 'Hi' })
      await room.notify('Hi', { color: 'green' })
      await reply('Hi')
      // @ts-expect-error no scope of this add-on allows it
      client.getRoomHistory({ id_or_name: 1 })
      // @ts-expect-error nor in the room
      room.getRoomHistory()
      // @ts-expect-error nor its shorthand
      room.history()
      // @ts-expect-error view_room or view_group is needed
      room.getRoom()
    }),
  )

  compiled('can be any one of those that an operation names', () => {
    expectTypeOf<Client<'view_group'>>().toHaveProperty('getAllRooms')
    expectTypeOf<Client<'view_room'>>().toHaveProperty('getAllRooms')
    expectTypeOf<Client<'view_room'>>().not.toHaveProperty('getAllUsers')
    expectTypeOf<Client<'send_notification'>>().not.toHaveProperty('getAllRooms')
    expectTypeOf<Client<never>>().not.toHaveProperty('sendRoomNotification')
    expectTypeOf<Client<never>>().toHaveProperty('getCapabilities')
  })

  compiled('determine the operations in hooks and outside handlers too', () => {
    const addon = notifier()
    addon.on('installed', ({ room, client }) => {
      expectTypeOf(room).toEqualTypeOf<Room<'send_notification'> | undefined>()
      expectTypeOf(client).toEqualTypeOf<Client<'send_notification'>>()
    })
    expectTypeOf(addon.room).returns.toEqualTypeOf<Room<'send_notification'>>()
    expectTypeOf(addon.client).returns.not.toHaveProperty('getRoomHistory')
  })

  compiled('remove reply without send_notification', () => {
    expectTypeOf<EventContext<'room_message', 'view_room'>>().not.toHaveProperty('reply')
    expectTypeOf<EventContext<'room_message', 'view_room' | 'send_notification'>>().toHaveProperty('reply')
  })
})

describe('a plugin typed for fewer scopes', () => {
  compiled('can be registered on an add-on with more', () => {
    const addon = several()
    const plugin = (_: Addon<'send_notification'>): void => {}
    const handler: Handler<EventContext<'room_message', 'send_notification'>> = ({ reply }) =>
      reply('Hi').then(() => {})
    const command: Handler<CommandContext<'/roll [dice]', 'send_notification'>> = ({ args }) => args.dice
    const middleware: Middleware<'send_notification'> = (_, next) => next()
    const hook = async ({ room }: HookContext<'view_room'>) => {
      await room?.getRoom()
    }
    plugin(addon)
    addon.webhook('room_message', handler)
    addon.webhook('room_message', { pattern: /x/ }, handler)
    addon.command('/roll [dice]', command)
    addon.use(middleware)
    addon.on('installed', hook)
    expectTypeOf<Client<'view_room' | 'view_messages'>>().toExtend<Client<'view_room'>>()
    expectTypeOf<Room<'view_room' | 'send_notification'>>().toExtend<Room<'send_notification'>>()
  })

  compiled('cannot be registered on an add-on with fewer', () => {
    const addon = notifier()
    const plugin = (_: Addon<'send_notification' | 'view_messages'>): void => {}
    const handler: Handler<EventContext<'room_message', 'view_messages'>> = () => undefined
    const hook = (_: HookContext<'view_messages'>) => {}
    // @ts-expect-error the plugin would call an operation that this add-on may not
    plugin(addon)
    // @ts-expect-error so would the handler
    addon.webhook('room_message', handler)
    // @ts-expect-error and the hook
    addon.on('installed', hook)
  })
})

describe('parameters and results', () => {
  const room = undefined as unknown as Room<Scope> // never called
  const client = undefined as unknown as Client<Scope>

  compiled('are typed by the operation', async () => {
    // @ts-expect-error a notification needs a message
    await room.sendRoomNotification({ color: 'green' })
    // @ts-expect-error there is no such color
    await room.sendRoomNotification({ message: 'Hi', color: 'blue' })
    // @ts-expect-error outside a room the room must be named
    await client.sendRoomNotification({ message: 'Hi' })
    expectTypeOf(room.sendRoomNotification({ message: 'Hi' })).resolves.toEqualTypeOf<undefined>()
    expectTypeOf((await room.getRoom()).name).toEqualTypeOf<string>()
    expectTypeOf((await client.getUser({ id_or_email: '@ada' })).mention_name).toEqualTypeOf<string>()
  })

  compiled('of a collection are single items, or pages', async () => {
    for await (const one of client.getAllRooms()) expectTypeOf(one).toEqualTypeOf<RoomReference>()
    for await (const one of room.history()) expectTypeOf(one).toEqualTypeOf<Message>()
    expectTypeOf(await client.getAllRooms({ 'max-results': 5 })).toEqualTypeOf<Page<RoomReference>>()
    expectTypeOf(await client.getAllRooms().toArray()).toEqualTypeOf<RoomReference[]>()
  })
})

describe('the answers of a server', () => {
  compiled('may contain unknown words, and lack members that HipChat omitted', () => {
    const sticker: NonNullable<Message['type']> = 'sticker'
    const unlisted: NonNullable<RoomReference['privacy']> = 'unlisted'
    expectTypeOf<Message['date']>().toEqualTypeOf<string | undefined>()
    expectTypeOf<Message['id']>().toEqualTypeOf<string>()
    return [sticker, unlisted]
  })
})

describe('an operation for people only', () => {
  compiled('is not on the client of an add-on, whatever its scopes', () => {
    expectTypeOf<Client<Scope>>().not.toHaveProperty('sendRoomMessage')
    expectTypeOf<Client<Scope>>().not.toHaveProperty('sendPrivateMessage')
    expectTypeOf<Client<Scope>>().not.toHaveProperty('installAddon')
    expectTypeOf<Room<Scope>>().not.toHaveProperty('sendRoomMessage')
  })

  compiled('is on a personal client that has the scope', () => {
    const person = createPersonalClient({ apiUrl: 'https://chat.example.net/v2', token: 'x' })
    expectTypeOf(person).toHaveProperty('sendRoomMessage')
    expectTypeOf(person).toHaveProperty('sendPrivateMessage')
    expectTypeOf(person).toHaveProperty('installAddon')
    expectTypeOf(person).toHaveProperty('getAllRooms')
    const reader = createPersonalClient({ apiUrl: 'https://h/v2', token: 'x', scopes: ['view_room'] })
    expectTypeOf(reader).toHaveProperty('getAllRooms')
    expectTypeOf(reader).not.toHaveProperty('sendRoomMessage')
  })
})

describe('a handler', () => {
  compiled('is typed by its event', () => {
    const addon = notifier()
    addon.webhook('room_message', ({ message, event }) => {
      expectTypeOf(message).toEqualTypeOf<EventMessage>()
      expectTypeOf(event).toEqualTypeOf<'room_message'>()
    })
    addon.webhook('room_enter', ({ message }) => {
      expectTypeOf(message).toEqualTypeOf<undefined>()
    })
    addon.webhook('room_topic_change', ({ item }) => {
      expectTypeOf(item.topic).toEqualTypeOf<string>()
    })
    addon.webhook('room_file_upload', ({ item }) => {
      expectTypeOf(item.file.name).toEqualTypeOf<string>()
      // @ts-expect-error there is no topic in it
      item.topic
    })
    // @ts-expect-error there is no such event
    addon.webhook('room_renamed', () => {})
    // @ts-expect-error a misspelled scope is not a scope
    createAddon({ key: 'a', name: 'a', description: 'a', scopes: ['send_notifications'] })
  })
})
