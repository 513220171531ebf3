import { createHmac, randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import {
  type Addon,
  type AddonOptions,
  createAddon,
  createPersonalClient,
  type EventContext,
  type Handler,
} from '../src/index.ts'
import { createHipChatServer, type ServerOptions } from '../src/server/index.ts'
import { createMemoryStore, type Store, scopeStore } from '../src/store/index.ts'

/** What tests write add-ons with: everything allowed, in memory, silent. */
export const testOptions = {
  key: 'com.example.test',
  name: 'Test',
  description: 'For tests',
  scopes: ['send_notification', 'view_room', 'view_group', 'view_messages', 'admin_room'],
  log: false,
} as const satisfies AddonOptions

type TestScope = (typeof testOptions)['scopes'][number]

export type TestAddon = Addon<TestScope>

export type TestHandler = Handler<EventContext<'room_message', TestScope>>

export interface WorldOptions {
  readonly server?: ServerOptions
  readonly addon?: Partial<AddonOptions>
}

/**
 * A compatible server and an add-on beside it, in this process, over real HTTP. `register` gets the add-on before it
 * listens. Both are closed when the test ends.
 */
export async function startWorld(register: (addon: TestAddon) => void, options: WorldOptions = {}) {
  const server = createHipChatServer({ port: 0, checkResponses: true, ...options.server })
  const memory = createMemoryStore()
  const store = partOf((options.addon?.store as Store | undefined) ?? memory) // tests give stores, no settings
  const addon = createAddon({ store: memory, ...testOptions, ...options.addon }) as TestAddon // its scopes, or fewer
  register(addon)
  await server.listen()
  const { port } = await addon.listen()
  onTestFinished(async () => {
    await addon.close()
    await server.close()
  })
  const admin = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken })

  return {
    server,
    addon,
    admin,
    /** The whole store, for another add-on or process. */
    memory,
    /** The add-on's part of it. */
    store,
    url: `http://localhost:${port}`,
    /** Installs the add-on in the Lobby, in another room, or for the whole group. */
    async install(room: string | 'everywhere' = 'Lobby') {
      const place = room === 'everywhere' ? {} : { room_id: room }
      const { id } = await admin.installAddon({ url: addon.descriptor.links.self, ...place })
      const installation = await addon.installation(id)
      if (!installation) throw new Error('the add-on does not know its installation')
      return { installation, secret: await secretOf(store, id) }
    },
    /** Says something as Alice, waits until everything it caused has happened, and gives what was said after it. */
    async say(text: string, room = 'Lobby') {
      const before = server.history(room).length
      await server.say(room, 'alice', text)
      await server.idle()
      return messagesOf(server.history(room).slice(before + 1))
    },
    messages: (room = 'Lobby') => messagesOf(server.history(room)),
  }
}

export type World = Awaited<ReturnType<typeof startWorld>>

const messagesOf = (history: { message?: string }[]): string[] => history.map(({ message }) => message ?? '')

/** What `createAddon` with the test options sees of a store. */
export const partOf = (store: Store): Store => scopeStore(store, `${testOptions.key}:`)

/** An installation's secret, out of the store where it lies unsealed. */
export async function secretOf(store: Pick<Store, 'get'>, oauthId: string): Promise<string> {
  const text = await store.get(`installation:${oauthId}`)
  return (JSON.parse(text ?? '{}') as { secret: string }).secret // written by `createInstallations`
}

/** A signed request as a server makes it; `claims` override or, set to undefined, remove. */
export function sign(oauthId: string, secret: string, claims: Record<string, unknown> = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const given = { iss: oauthId, iat: now, exp: now + 3600, jti: randomBytes(10).toString('hex'), ...claims }
  return jwt({ alg: 'HS256', typ: 'JWT' }, given, secret)
}

/** A JWT made by hand, so that it can be wrong in every way. */
export function jwt(header: object, claims: object, secret: string, hash = 'sha256'): string {
  const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${base64(header)}.${base64(claims)}`
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`
}

/** A `room_message` delivery. */
export const delivered = (oauthId: string | undefined, roomId: number, text: string, senderId = 2) => ({
  event: 'room_message',
  webhook_id: 1,
  ...(oauthId === undefined ? {} : { oauth_client_id: oauthId }),
  item: {
    room: { id: roomId, name: 'Lobby' },
    message: {
      id: '0c5d3f9e-41d7-4c0e-8f0b-6a1f3f2f7a55',
      date: '2017-03-01T10:15:07.204518+00:00',
      from: { id: senderId, name: 'Alice Archer', mention_name: 'alice' },
      mentions: [],
      message: text,
      type: 'message',
    },
  },
})
