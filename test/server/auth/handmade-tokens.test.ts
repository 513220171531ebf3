import { describe, expect, test } from 'vitest'
import { visit } from '../chat-page/visitors.ts'
import { call, refusal, startServer } from '../support.ts'

describe('tokens made by hand', () => {
  test('are shown once, work as allowed, and end when they are revoked', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    const made = await alice.call('POST', '/tokens', { label: 'Builds', scopes: ['view_room'] })
    expect(made.status).toBe(201)
    const ofRoom = await alice.call('POST', '/tokens', { room_id: 3, label: 'Deploys' })
    const { body } = await alice.call('GET', '/tokens')
    expect(body.items).toEqual([
      {
        id: ofRoom.body.id,
        kind: 'room_notification',
        label: 'Deploys',
        scopes: ['send_notification'],
        room_id: 3,
        created: expect.any(String),
        expires: null,
      },
      {
        id: made.body.id,
        kind: 'personal',
        label: 'Builds',
        scopes: ['view_room'],
        room_id: null,
        created: expect.any(String),
        expires: null,
      },
    ])
    expect(JSON.stringify(body)).not.toContain(made.body.token)
    expect((await call(server, 'GET', '/room/Lobby', { token: made.body.token })).status).toBe(200)
    expect((await call(server, 'GET', '/user', { token: made.body.token })).status).toBe(403)
    const notify = (room: number) =>
      call(server, 'POST', `/room/${room}/notification`, {
        token: ofRoom.body.token,
        json: { message: 'done' },
      })
    expect((await notify(3)).status).toBe(204)
    expect((await notify(1)).status).toBe(403)
    expect(server.history(3).at(-1)).toMatchObject({ message: 'done', from: { name: 'Deploys' } })
    for (const { id } of body.items) expect((await alice.call('DELETE', `/tokens/${id}`)).status).toBe(204)
    expect((await call(server, 'GET', '/room/Lobby', { token: made.body.token })).status).toBe(401)
    expect((await notify(3)).status).toBe(401)
    expect((await alice.call('GET', '/tokens')).body.items).toEqual([])
  })

  test('have no more rights than their maker, and are not made for rooms that the maker does not run', async () => {
    const server = await startServer()
    const bob = await visit(server, 'bob')
    const make = async (json: unknown) => refusal(await bob.call('POST', '/tokens', json))
    expect(await make({ scopes: ['admin_group'] })).toEqual([403, 'You do not have the scope admin_group'])
    expect(await make({ scopes: [] })).toEqual([400, 'A token needs at least one scope'])
    expect((await make({ scopes: ['everything'] }))[0]).toBe(400)
    expect(await make({ label: '' })).toEqual([400, expect.stringContaining('label')])
    const nobody = 'Only administrators of the room and of the group may do this'
    for (const room_id of [1, 3]) expect(await make({ room_id })).toEqual([403, nobody])
    const carol = await visit(server, 'carol')
    expect(refusal(await carol.call('POST', '/tokens', { room_id: 3 }))).toEqual([404, 'Room 3 not found'])
    const alice = await visit(server, 'alice')
    expect(refusal(await alice.call('POST', '/tokens', { room_id: 3, scopes: ['view_room'] }))).toEqual([
      403,
      "A room's token sends notifications; it cannot have the scope view_room",
    ])
  })

  test('can be seen and revoked only by their owner', async () => {
    const server = await startServer()
    const [admin, alice, bob] = [
      await visit(server, 'admin'),
      await visit(server, 'alice'),
      await visit(server, 'bob'),
    ]
    const own = (await alice.call('POST', '/tokens', {})).body
    const ofRoom = (await alice.call('POST', '/tokens', { room_id: 3 })).body
    const listed = async (who: typeof bob) =>
      (await who.call('GET', '/tokens')).body.items.map(({ id }: { id: string }) => id)
    expect(await listed(bob)).toEqual([])
    expect(await listed(admin)).toEqual([ofRoom.id]) // an administrator sees the room; the server's own token is not listed
    for (const { id } of [own, ofRoom])
      expect(refusal(await bob.call('DELETE', `/tokens/${id}`))).toEqual([404, `Token ${id} not found`])
    expect((await admin.call('DELETE', `/tokens/${own.id}`)).status).toBe(404)
    expect(await listed(alice)).toHaveLength(2)
    expect((await call(server, 'GET', '/room', { token: own.token })).status).toBe(200)
  })
})
