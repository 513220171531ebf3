import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { capabilitiesDocument } from '../../../src/api/capabilities.ts'
import { installable } from '../../../src/api/installable.ts'
import { type Operation, parameterNames, pathParameters } from '../../../src/api/operation.ts'
import { operations } from '../../../src/api/operations/index.ts'
import type { Schema } from '../../../src/common/schema.ts'
import { fault, read } from '../fixtures.ts'

const table = Object.entries(operations) as [string, Operation][]

/** The 25 operations of the published OpenAPI description of the REST API v2. */
const published: Record<string, { method: string; path: string; status: number }> = JSON.parse(
  readFileSync(new URL('../../../src/testing/fixtures/published-operations.json', import.meta.url), 'utf8'),
)

describe('the table of operations', () => {
  it.each(Object.entries(published))('has %s', (id, { method, path, status }) => {
    const entry = Object.fromEntries(table)[id]
    expect(entry && [entry.method, entry.path, entry.result.status]).toEqual([method, path, status])
  })

  it('has each combination of verb and path once', () => {
    const routes = table.map(([, { method, path }]) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`)
    expect(new Set(routes).size).toBe(routes.length)
  })

  it('has literal segments before the parameters that would match them', () => {
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

  it.each(table)('%s: no name has two meanings', (_, { path, query = {}, body }) => {
    const names = [
      ...parameterNames(path),
      ...Object.keys(query),
      ...Object.keys((body?.schema['properties'] ?? {}) as object),
    ]
    expect(new Set(names).size).toBe(names.length)
  })

  it.each(table)(
    '%s: an operation with paging by start-index accepts it and answers with items',
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

describe('published documents', () => {
  it.each([
    ['capabilities.server.2014.json', capabilitiesDocument],
    ['capabilities.server.2017.json', capabilitiesDocument],
    ['install.room.framework.json', installable],
    ['token.one-hour.json', operations.generateToken.result.schema],
    ['room.webhook.list.empty.json', operations.getAllRoomWebhooks.result.schema],
    ['room.webhook.list.json', operations.getAllRoomWebhooks.result.schema],
    ['room.members.json', operations.getAllRoomMembers.result.schema],
    ['room.participants.page2.json', operations.getAllRoomParticipants.result.schema],
    ['room.statistics.json', operations.getRoomStatistics.result.schema],
  ] as [string, Schema][])('%s is accepted', (name, schema) => {
    expect(fault(schema, read(`api/${name}`))).toBeUndefined()
  })

  // Test data of a client library, not captures: that library's stubs carry only what its tests look at.
  it.each([
    ['room.webhook.create.response.json', 'url is missing'],
    ['room.webhook.get.json', 'id is missing'],
  ])('%s is refused for a named reason', (name, reason) => {
    expect(fault(operations.getRoomWebhook.result.schema, read(`api/${name}`))).toBe(reason)
  })
})
