import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  installOverHttp,
  startAddon,
  startServer,
} from '../server/support.ts'

/** Deliveries after the shape of those that HipChat made; `README.md` there says which. */
const folder = new URL('../../src/testing/fixtures/webhooks/', import.meta.url)

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
const read = (name: string): Json => JSON.parse(readFileSync(new URL(name, folder), 'utf8'))

/**
 * Where a delivery of this server is meant to differ: by fixture and by the place in it, what is found there and why. A
 * place that does not differ is a mistake in this list.
 */
const differences: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'room_message.text-ids.json': {
    webhook_id: 'text in the documentation of 2015; an integer in all real deliveries',
    'item.room.id': 'text in the documentation of 2015; an integer in all real deliveries',
    'item.message.from.id': 'text in the documentation of 2015; an integer in all real deliveries',
  },
  'room_message.number-message-id.json': {
    'item.message.id': 'a number in the test data of a framework; a UUID in all real deliveries',
  },
  'room_topic_change.add-on.json': {
    'item.sender.name': 'may be null by the documentation; an installation has a name here',
  },
  'room_notification.nobody.json': {
    'item.message.from': 'a notification here always has the name of its sender',
  },
}

/** What is more than a type: forms that clients take apart. */
const forms: readonly [RegExp, RegExp][] = [
  [/^webhook_id$/, /^\d+$/],
  [/(^|\.)date$/, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/],
  [/(^|\.)version$/, /^[0-9A-Z]{8}$/],
  [/^item\.message\.id$/, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  [
    /^item\.(room|message\.from|sender)\.links\.self$/,
    /^https?:\/\/[^/]+\/v2\/(room|user|oauth\/client)\/\d+$/,
  ],
  [/^item\.room\.links\.participants$/, /\/v2\/room\/\d+\/participant$/],
  [/^item\.room\.links\.webhooks$/, /\/v2\/room\/\d+\/webhook$/],
  [/^item\.room\.links\.members$/, /\/v2\/room\/\d+\/member$/],
]

const typeOf = (value: Json | undefined): string => {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

const isObject = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeOf(value) === 'object'

/** Each place at which one value has something that the other has not, or has of another type or form. */
function compare(expected: Json, actual: Json | undefined, place = ''): string[] {
  if (typeOf(expected) !== typeOf(actual)) return [place]
  if (isObject(expected) && isObject(actual))
    return Object.entries(expected).flatMap(([name, value]) =>
      compare(value, actual[name], place === '' ? name : `${place}.${name}`),
    )
  // The first of a list stands for all of them.
  if (Array.isArray(expected) && Array.isArray(actual))
    return expected.length > 0 ? compare(expected[0], actual[0], `${place}.0`) : []
  const [, form] = forms.find(([where]) => where.test(place)) ?? []
  return form?.test(String(expected)) && !form.test(String(actual)) ? [place] : []
}

/** The deliveries to an add-on of the group when everything happens in rooms of both kinds. */
async function emit(): Promise<{ event: string; isPrivate: boolean; body: Json }[]> {
  const server = await startServer()
  const addon = await startAddon({ hipchatApiConsumer: { scopes: ['send_notification', 'admin_room'] } })
  const events = new Set(names.map((name) => name.split('.')[0]))
  declare(addon, { webhook: [...events].map((event) => hook(addon, { event })) })
  const token = await accessToken(server, await installOverHttp(server, addon))
  for (const privacy of ['public', 'private']) {
    const name = `Harbour, ${privacy}`
    const room = `/room/${encodeURIComponent(name)}`
    await adminCall(server, 'POST', '/room', { json: { name, privacy, owner_user_id: 2 } })
    await server.enter(name, 'alice')
    await server.shareFile(name, 'alice', {
      name: 'tides.pdf',
      size: 3,
      url: 'https://example.com/tides.pdf',
      thumbUrl: 'https://example.com/tides.png',
      message: 'look @bob',
    })
    await server.shareFile(name, 'alice', {
      name: 'tides.txt',
      size: 3,
      url: 'https://example.com/tides.txt',
    })
    await server.say(name, 'alice', '/roll 2d6 for @bob')
    await call(server, 'POST', `${room}/notification`, { token, json: { message: '<b>up</b>' } })
    await server.setTopic(name, 'alice', 'High water')
    await call(server, 'PUT', `${room}/topic`, { token, json: { topic: 'Low water' } })
    await server.leave(name, 'alice')
    await adminCall(server, 'PUT', room, { json: { is_archived: true } })
    await adminCall(server, 'PUT', room, { json: { is_archived: false } })
    await adminCall(server, 'DELETE', room)
  }
  await server.idle()
  return addon
    .to('/hook')
    .map(({ body }) => ({ event: body.event, isPrivate: body.item.room.privacy === 'private', body }))
}

test('deliveries match HipChat’s field by field, except for the listed differences', async () => {
  const emitted = await emit()
  const found: Record<string, string[]> = {}
  for (const name of names) {
    const expected = read(name)
    const isPrivate = JSON.stringify(expected).includes('"members"')
    const same = emitted.filter((one) => one.event === name.split('.')[0] && one.isPrivate === isPrivate)
    expect(same.length, name).toBeGreaterThan(0)
    // Of several deliveries of one event the most similar counts: with or without a file, by a person or an add-on.
    const [nearest = []] = same
      .map(({ body }) => compare(expected, body))
      .toSorted((one, other) => one.length - other.length)
    if (nearest.length > 0) found[name] = nearest.toSorted()
  }
  const listed = Object.entries(differences).map(([name, places]) => [name, Object.keys(places).toSorted()])
  expect(found).toEqual(Object.fromEntries(listed))
})
