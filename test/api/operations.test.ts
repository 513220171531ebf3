import { describe, expect, it } from 'vitest'
import { type Operation, parameterNames, pathParameters } from '../../src/api/operation.ts'
import { operations } from '../../src/api/operations/index.ts'

const table = Object.entries(operations) as [string, Operation][]

/** Verb, path and status of the 25 operations in the published OpenAPI description of the REST API v2. */
const published = `
GET /capabilities 200 getCapabilities
POST /oauth/token 200 generateToken
GET /room 200 getAllRooms
POST /room 201 createRoom
GET /room/{id_or_name} 200 getRoom
PUT /room/{id_or_name} 204 updateRoom
DELETE /room/{id_or_name} 204 deleteRoom
POST /room/{id_or_name}/notification 204 sendRoomNotification
POST /room/{id_or_name}/message 200 sendRoomMessage
GET /room/{id_or_name}/history 200 getRoomHistory
GET /room/{id_or_name}/history/latest 200 getLatestRoomHistory
GET /room/{id_or_name}/webhook 200 getAllRoomWebhooks
POST /room/{id_or_name}/webhook 201 createRoomWebhook
GET /room/{id_or_name}/webhook/{webhook_id} 200 getRoomWebhook
DELETE /room/{id_or_name}/webhook/{webhook_id} 204 deleteRoomWebhook
GET /user 200 getAllUsers
GET /user/{id_or_email} 200 getUser
PUT /user/{id_or_email} 204 updateUser
DELETE /user/{id_or_email} 204 deleteUser
POST /user/{id_or_email}/message 204 sendPrivateMessage
GET /emoticon 200 getAllEmoticons
GET /emoticon/{emoticon_id_or_shortcut} 200 getEmoticon
POST /addon 201 installAddon
DELETE /addon/{addon_key_or_id}/installable/{installable_id} 204 uninstallAddon
GET /session 200 getActiveSessions
`
  .trim()
  .split('\n')

describe('the table of operations', () => {
  it.each(published)('has %s', (line) => {
    const [method, path, status, id] = line.split(' ')
    const entry = Object.fromEntries(table)[id ?? '']
    expect(entry && [entry.method, entry.path, String(entry.result.status)]).toEqual([method, path, status])
  })

  it('has each verb and path once', () => {
    const routes = table.map(([, { method, path }]) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`)
    expect(new Set(routes).size).toBe(routes.length)
  })

  it('has literal segments before the parameters that would take their place', () => {
    const segments = ({ path }: Operation) => path.split('/')
    const takes = (earlier: Operation, later: Operation) =>
      earlier.method === later.method &&
      segments(earlier).length === segments(later).length &&
      segments(earlier).every((part, index) => part.startsWith('{') || part === segments(later)[index])
    const hidden = table.filter(([, later], index) =>
      table.slice(0, index).some(([, one]) => takes(one, later)),
    )
    expect(hidden.map(([id]) => id)).toEqual([])
  })

  it.each(table)('%s: every path parameter is described', (_, { path }) => {
    expect(parameterNames(path).filter((name) => !Object.hasOwn(pathParameters, name))).toEqual([])
  })

  it.each(table)('%s: no name means two things', (_, { path, query = {}, body }) => {
    const names = [
      ...parameterNames(path),
      ...Object.keys(query),
      ...Object.keys((body?.schema['properties'] ?? {}) as object),
    ]
    expect(new Set(names).size).toBe(names.length)
  })

  it.each(table)(
    '%s: what is paged by start-index takes it and answers with items',
    (_, { paging, query, result }) => {
      if (paging !== 'offset') return
      expect(query).toHaveProperty('start-index')
      expect(result.kind === 'json' && result.schema['required']).toEqual(['items'])
    },
  )

  it.each(table)(
    '%s: the room rule names a parameter of the path, and only where room clients may call',
    (_, entry) => {
      if (entry.ownRoom) expect(parameterNames(entry.path)).toContain(entry.ownRoom)
      if (entry.tokens.includes('addon_room') && entry.path.startsWith('/room/'))
        expect(entry.ownRoom).toBeDefined()
      if (entry.ownRoom) expect(entry.tokens).toContain('addon_room')
    },
  )
})
