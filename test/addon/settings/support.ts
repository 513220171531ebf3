import { pino } from 'pino'
import { html, type SettingsPlace } from '../../../src/index.ts'
import type { TestAddon } from '../../support.ts'
import { startShowing } from '../viewer.ts'

/** A field of every type. */
export const fields = {
  channel: { type: 'text', label: 'Channel', required: true, maxLength: 10, hint: 'Where to' },
  notes: { type: 'textarea', label: 'Notes' },
  home: { type: 'url', label: 'Home <page>' },
  token: { type: 'secret', label: 'Token' },
  count: { type: 'number', label: 'Count', default: 3, min: 1, max: 5, integer: true },
  level: {
    type: 'select',
    label: 'Level',
    options: { info: 'Everything', error: 'Errors' },
    default: 'info',
  },
  loud: { type: 'checkbox', label: 'Loud' },
} as const

/** Registers settings with these fields. */
export const create = (addon: TestAddon, more: { allowAccessToRoomAdmins?: boolean } = {}) =>
  addon.settings({ fields, title: 'Deploys', description: 'What to say', ...more })

/** An add-on with settings for the whole group, which may not ask the server who is an administrator. */
export async function withoutViewGroup() {
  const lines: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
  const world = await startShowing((addon) => void create(addon), {
    room: 'everywhere',
    addon: { scopes: ['send_notification', 'view_room', 'view_messages', 'admin_room'], log },
  })
  return {
    ...world,
    log: () => lines.join(''),
    /** Path of the page with the token of the compatible server. */
    async addressFor(user_id: number) {
      const page = (path: string, body: object, token?: string) =>
        fetch(`${world.server.url}/page${path}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            ...(token ? { authorization: `Bearer ${token}` } : {}),
          },
          body: JSON.stringify(body),
        }).then(async (answer) => (await answer.json()) as { token: string; url: string }) // one of both answers
      const { token } = await page('/session', { user_id })
      const { url } = await page(`/integration/${world.oauthId}/open`, { page: 'configurable' }, token)
      return url.slice(world.url.length)
    },
  }
}

/** An installed add-on with settings, and a function that fills in the form. */
export async function configured(
  room: string | 'everywhere' = 'Lobby',
  more: { allowAccessToRoomAdmins?: boolean } = {},
  register: (settings: ReturnType<typeof create>, addon: TestAddon) => void = () => {},
) {
  let settings: ReturnType<typeof create> | undefined
  const world = await startShowing(
    (addon) => {
      settings = create(addon, more)
      addon.webPanel({ key: 'board', name: 'Board' }, () => html`<p>x</p>`)
      register(settings, addon)
    },
    { room },
  )
  const { installation, addon, open, token } = world
  if (!settings) throw new Error('nothing was registered')
  const made = settings
  const place = (id?: number): SettingsPlace => ({
    installation,
    store: addon.store(installation),
    ...(id === undefined ? {} : { room: { id } }),
  })
  // An administrator, such as user 1, opens the settings of a group without a room.
  const group = installation.roomId === undefined
  const page = (roomId?: number) =>
    open(
      '/configure',
      {},
      token(
        roomId === undefined ? { sub: group ? '1' : '2', context: {} } : { context: { room_id: roomId } },
      ),
    )
  const post = (form: Record<string, string>) =>
    open('/configure', { method: 'POST', body: new URLSearchParams(form) }, '')
  return {
    ...world,
    settings: made,
    place,
    page,
    /** Opens the page, of a room if one is named, and submits its form with these values. */
    async save(filled: Record<string, string>, roomId?: number) {
      return post({ session: sessionIn((await page(roomId)).text), ...filled })
    },
    post,
  }
}

/** The session token in the form of a page. */
export const sessionIn = (text: string): string => /name="session" value="([^"]+)"/.exec(text)?.[1] ?? ''

/** A form with a valid value for every field except the secret. */
export const right = {
  channel: 'general',
  notes: 'one\r\ntwo',
  home: 'https://example.com',
  count: '4',
  level: 'error',
  loud: 'on',
}
