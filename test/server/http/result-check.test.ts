import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { operations } from '../../../src/api/operations/index.ts'
import { handlers } from '../../../src/server/rest/handlers.ts'
import { adminCall, startServer } from '../support.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a result that does not match the table', () => {
  it('is refused with 500 and the reason', async () => {
    const server = await startServer()
    vi.spyOn(handlers, 'getRoom').mockReturnValue({ id: 1 } as never)
    const answer = await adminCall(server, 'GET', '/room/1')
    expect(answer.body).toEqual({
      error: {
        code: 500,
        type: 'Internal Server Error',
        message: 'getRoom would answer with a wrong result: name is missing',
      },
    })
  })

  it('is refused when a value is unexpected, and for a redirect without an address', async () => {
    const server = await startServer()
    vi.spyOn(handlers, 'deleteRoom').mockReturnValue({} as never)
    vi.spyOn(handlers, 'getRoomAvatar').mockReturnValue('/pictures/1')
    expect((await adminCall(server, 'DELETE', '/room/1')).body.error.message).toBe(
      'deleteRoom would answer with a wrong result: expected nothing, got object',
    )
    expect((await adminCall(server, 'GET', '/room/1/avatar')).body.error.message).toBe(
      'getRoomAvatar would answer with a wrong result: expected an absolute address, got string',
    )
  })

  it('is accepted unless answers are checked', async () => {
    const server = await startServer({ checkResponses: false })
    vi.spyOn(handlers, 'getRoom').mockReturnValue({ id: 1 } as never)
    expect((await adminCall(server, 'GET', '/room/1')).body).toEqual({ id: 1 })
  })
})

it('covers every kind of result in the table', () => {
  const kinds = new Set(Object.values(operations).map(({ result }) => result.kind))
  expect([...kinds].sort()).toEqual(['empty', 'json', 'redirect'])
})

// Wherever a test has a server that add-ons and clients talk to.
it.each([
  '../../support.ts',
  '../support.ts',
  '../index.test.ts',
  '../../journeys/life-of-an-add-on.test.ts',
  '../../journeys/redis-failures.test.ts',
  '../../journeys/several-processes.test.ts',
  '../../examples/dice.test.ts',
])('%s checks the answers of its servers', (path) => {
  const text = readFileSync(new URL(path, import.meta.url), 'utf8')
  const created = [...text.matchAll(/createHipChatServer\(\{[^}]*port[^}]*/g)]
  expect(created.length).toBeGreaterThan(0)
  for (const [call] of created) if (!call.includes('seed:')) expect(call).toContain('checkResponses: true')
})
