import { largest, longest, most } from '../../api/bounds.ts'
import { emoticon, user } from '../../api/objects.ts'
import { operation } from '../../api/operation.ts'
import { scopeNames } from '../../api/scopes.ts'
import {
  anything,
  array,
  boolean,
  type Infer,
  integer,
  nullable,
  object,
  oneOf,
  optional,
  record,
  string,
} from '../../common/schema.ts'

/**
 * Operations below `/page` that the chat page needs and HipChat's API does not have: signing in, loading the
 * initial state, receiving changes, and the signed addresses of modules. For everything else the page uses the API.
 * HipChat's own protocol between client and server was never published; `ui-modules.md` section 10 describes what
 * its client did.
 */

const asUser = { tokens: ['user', 'personal'], scopes: [], limits: ['api'], paging: 'none' } as const

const pageUser = user
/** A person as the page lists them. */
export type PageUser = Infer<typeof pageUser>

/** A room as the page lists it; the people in it are requested separately. */
const pageRoom = object({
  id: integer(),
  name: string(),
  topic: string(),
  privacy: oneOf(['public', 'private']),
  is_archived: boolean(),
  avatar_url: nullable(string()),
  owner_id: integer(),
  participants: integer({ description: 'number of people in it now' }),
  is_inside: boolean({ description: 'whether the user is in it' }),
  runs: boolean({ description: 'whether the user may change it: its topic, members, add-ons' }),
  last_active: nullable(string()),
})
/** A room as the page lists it. */
export type PageRoom = Infer<typeof pageRoom>

const icon = nullable(object({ url: string(), 'url@2x': optional(string()) }))

/** One module of an add-on as the page shows it: its texts are plain strings, as in HipChat's client. */
const pageModule = object({
  key: string(),
  type: oneOf(['glance', 'webPanel', 'dialog', 'action', 'externalPage']),
  name: string({ description: 'for a dialog, its title' }),
  location: nullable(string()),
  url: nullable(string({ description: 'with its placeholders; for a glance, its queryUrl' })),
  authentication: oneOf(['jwt', 'none']),
  target: nullable(object({ key: string(), options: optional(record()) })),
  icon,
  weight: integer(),
  conditions: array(anything()),
  options: nullable(record({ description: 'for a dialog' })),
})
/** A module as the page shows it. */
export type PageModule = Infer<typeof pageModule>

/** An add-on that is installed for a room or for the group. */
const pageIntegration = object({
  oauth_id: string(),
  addon_key: string(),
  name: string(),
  from_name: string(),
  description: string(),
  vendor: nullable(string()),
  descriptor: string({ description: 'address of the descriptor, according to the add-on' }),
  homepage: nullable(string()),
  icon,
  room_id: nullable(integer({ description: 'null: installed for the whole group' })),
  scopes: array(string()),
  modules: array(pageModule),
  commands: array(string(), {
    description: 'commands such as `/roll`: the beginnings that its webhooks listen for',
  }),
  configurable: boolean({ description: 'whether this user may open its configuration page here' }),
  admin_page: boolean({ description: 'whether this user may open its administration page' }),
  removable: boolean({ description: 'whether this user may update and remove it' }),
  warnings: array(string(), {
    description: 'for an add-on that is in the same room twice, and answers twice',
  }),
  created: integer({ description: 'microseconds since 1970; the page shows the oldest first' }),
})
/** An installed add-on as the page lists it. */
export type PageIntegration = Infer<typeof pageIntegration>

/** A token made by hand. */
const handmadeToken = object({
  id: string(),
  kind: oneOf(['personal', 'room_notification']),
  label: nullable(string()),
  scopes: array(oneOf(scopeNames)),
  room_id: nullable(integer()),
  created: string(),
  expires: nullable(string()),
})

const opened = object({
  url: string({ description: 'signed if the module asks for that' }),
  token: string({ description: 'the signed request alone, for `auth.withToken`' }),
  expires: integer({ description: 'end of the token, in milliseconds since 1970' }),
})
/** The signed address of a module, and its token. */
export type OpenedModule = Infer<typeof opened>

const glanceAddress = object({ oauth_id: string(), key: string(), url: string() })
/** The signed address at which the content of a glance is requested. */
export type GlanceAddress = Infer<typeof glanceAddress>

/** Ids, or the beginning of a name; without either, all by name. */
const listQuery = {
  ids: string({
    maxLength: 1_600,
    pattern: '^\\d{1,15}(,\\d{1,15}){0,99}$',
    description: 'at most a hundred, separated by commas',
  }),
  name: string({ maxLength: 100, description: 'beginning of the name, or of a word in it' }),
  after: string({ maxLength: 1_000, description: '`next` of the previous part' }),
} as const

const installation = string({ maxLength: longest.name, description: '`next` of the previous part' })

const next = nullable(string({ description: 'for the next part; null at the end' }))

/** Table of the operations below `/page`. */
export const pageApi = {
  getWelcome: operation({
    method: 'GET',
    path: '/welcome',
    summary: 'What visitors may know before they sign in.',
    tokens: [],
    scopes: [],
    limits: ['api'],
    result: {
      kind: 'json',
      status: 200,
      schema: object({
        group: string(),
        users: array(object({ id: integer(), name: string(), mention_name: string() }), {
          description: 'users who can be chosen without a password: on a server for development only',
        }),
      }),
    },
    paging: 'none',
  }),

  openSession: operation({
    method: 'POST',
    path: '/session',
    summary:
      'Signs in with a name and password, or on a server for development as a user without a password.',
    tokens: [],
    scopes: [],
    limits: ['api'],
    body: {
      type: 'json',
      schema: object({
        user_id: optional(integer()),
        username: optional(string({ minLength: 1, maxLength: longest.name })),
        password: optional(string({ minLength: 1, maxLength: longest.password })),
      }),
    },
    result: {
      kind: 'json',
      status: 201,
      schema: object({ token: string(), user_id: integer(), expires: string() }),
    },
    paging: 'none',
  }),

  closeSession: operation({
    ...asUser,
    method: 'DELETE',
    path: '/session',
    summary: 'Signs out: the token of the call ends.',
    result: { kind: 'empty', status: 204 },
  }),

  getStart: operation({
    ...asUser,
    method: 'GET',
    path: '/start',
    summary:
      'The initial state as of `cursor`: the rooms that the user is in, and the first of the other rooms and of the people.',
    result: {
      kind: 'json',
      status: 200,
      schema: object({
        cursor: string(),
        user_id: integer(),
        group: object({ id: integer(), name: string(), avatar_url: nullable(string()) }),
        people: array(pageUser, { description: 'the user themselves first' }),
        next_people: next,
        rooms: array(pageRoom),
        next_rooms: next,
        emoticons: array(emoticon),
      }),
    },
  }),

  getPeople: operation({
    ...asUser,
    method: 'GET',
    path: '/people',
    summary: 'People of the group: the requested ones, or all by name, a hundred at a time.',
    query: listQuery,
    result: { kind: 'json', status: 200, schema: object({ items: array(pageUser), next }) },
  }),

  getRooms: operation({
    ...asUser,
    method: 'GET',
    path: '/rooms',
    summary: 'Rooms that the user can see: the requested ones, or all by name, a hundred at a time.',
    query: listQuery,
    result: { kind: 'json', status: 200, schema: object({ items: array(pageRoom), next }) },
  }),

  getRoomPeople: operation({
    ...asUser,
    method: 'GET',
    path: '/room/{room_id}/people',
    summary: 'People who are in a room now, a hundred at a time.',
    query: {
      absent: boolean({ description: 'instead the members of a private room who are not in it' }),
      after: integer({ minimum: 0, description: '`next` of the previous part' }),
    },
    result: {
      kind: 'json',
      status: 200,
      schema: object({ items: array(pageUser), total: integer(), next: nullable(integer()) }),
    },
  }),

  enterRoom: operation({
    ...asUser,
    method: 'PUT',
    path: '/room/{room_id}/presence',
    summary: 'Enters a room.',
    result: { kind: 'empty', status: 204 },
  }),

  leaveRoom: operation({
    ...asUser,
    method: 'DELETE',
    path: '/room/{room_id}/presence',
    summary: 'Leaves a room.',
    result: { kind: 'empty', status: 204 },
  }),

  setPresence: operation({
    ...asUser,
    method: 'PUT',
    path: '/presence',
    summary: 'Sets the presence and status of the user.',
    body: {
      type: 'json',
      schema: object({
        show: oneOf(['chat', 'away', 'xa', 'dnd']),
        status: optional(nullable(string({ maxLength: 140 }))),
      }),
    },
    result: { kind: 'empty', status: 204 },
  }),

  getIntegrations: operation({
    ...asUser,
    method: 'GET',
    path: '/integrations',
    summary: 'The add-ons of a room, including those of the group; without a room those of the group alone.',
    query: { room_id: integer(), after: installation },
    result: { kind: 'json', status: 200, schema: object({ items: array(pageIntegration), next }) },
  }),

  getGlanceAddresses: operation({
    ...asUser,
    method: 'GET',
    path: '/room/{room_id}/glances',
    summary: 'Signed addresses for the contents of all glances of a room.',
    query: { after: installation },
    result: { kind: 'json', status: 200, schema: object({ items: array(glanceAddress), next }) },
  }),

  openModule: operation({
    ...asUser,
    method: 'POST',
    path: '/integration/{oauth_id}/open',
    summary: 'The signed address of a module, or of the configuration or administration page.',
    body: {
      type: 'json',
      schema: object({
        room_id: optional(integer()),
        key: optional(string({ minLength: 1, maxLength: 40 })),
        page: optional(oneOf(['configurable', 'adminPage'])),
        values: optional(
          record({
            maxJsonLength: largest.values,
            description: 'values of the placeholders in its address',
          }),
        ),
        theme: optional(oneOf(['light', 'dark'])),
      }),
    },
    result: { kind: 'json', status: 200, schema: opened },
  }),

  listTokens: operation({
    ...asUser,
    method: 'GET',
    path: '/tokens',
    summary:
      'The tokens that the user made by hand, and those of the rooms that they run, a hundred at a time. Without the token strings, which are not stored.',
    query: {
      after: string({
        maxLength: 32,
        pattern: '^\\d{1,15}\\.[0-9a-f]{16}$',
        description: '`next` of the previous part',
      }),
    },
    result: { kind: 'json', status: 200, schema: object({ items: array(handmadeToken), next }) },
  }),

  createToken: operation({
    ...asUser,
    method: 'POST',
    path: '/tokens',
    summary: 'Makes a token by hand: one for the user themselves, or one that sends notifications to a room.',
    body: {
      type: 'json',
      schema: object({
        room_id: optional(integer()),
        label: optional(string({ minLength: 1, maxLength: 50 })),
        scopes: optional(array(oneOf(scopeNames), { maxItems: most.scopes })),
      }),
    },
    result: { kind: 'json', status: 201, schema: object({ token: string(), id: string() }) },
  }),

  revokeToken: operation({
    ...asUser,
    method: 'DELETE',
    path: '/tokens/{id}',
    summary: 'Ends a token that was made by hand.',
    result: { kind: 'empty', status: 204 },
  }),
} as const
