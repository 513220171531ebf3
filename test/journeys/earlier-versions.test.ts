import { readFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { createAddon, type Installation } from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/index.ts'
import { createSealing } from '../../src/store/sealing.ts'
import { delivered, sign, testOptions } from '../support.ts'

/** The records of an installation by version 0.1, by key, plain and sealed. Later versions must not rewrite this file. */
const written: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
  readFileSync(new URL('written-by-0.1.json', import.meta.url), 'utf8'),
)

it.each([
  ['plain', undefined],
  ['sealed', 'a passphrase for the fixture'],
])(
  '%s records of version 0.1 can be read: the installation, its secret and its values',
  async (kind, passphrase) => {
    const records = Object.entries(written[kind] ?? {})
    const store = createMemoryStore()
    for (const [name, text] of records) await store.set(name, text)
    const secretKey = passphrase === undefined ? {} : { secretKey: passphrase }
    const addon = createAddon({ ...testOptions, ...secretKey, store })
    addon.webhook(
      'room_message',
      { key: 'count' },
      async ({ store }) => `It is ${await store.get<number>('count')}`,
    )
    const { url } = await addon.listen(0)
    onTestFinished(() => addon.close())

    const found: Installation[] = []
    for await (const installation of addon.installations()) found.push(installation)
    expect(found).toMatchObject([
      {
        groupId: 1,
        groupName: 'Example',
        roomId: 1,
        scopes: testOptions.scopes,
        installedAt: expect.any(Date),
      },
    ])
    const id = found[0]?.oauthId ?? ''
    const [, record = ''] = records.find(([name]) => name.endsWith(`:installation:${id}`)) ?? []
    const secret = createSealing(passphrase).open(JSON.parse(record).secret, `installation:${id}`)
    expect(JSON.parse(record).secret.startsWith('sealed:')).toBe(kind === 'sealed')
    const answer = await fetch(`${url}/webhook/count`, {
      method: 'POST',
      headers: { authorization: `JWT ${sign(id, secret, { sub: '2' })}` },
      body: JSON.stringify(delivered(id, 1, 'hello')),
    })
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('It is 41')])
  },
)
