import { describe, expect, it } from 'vitest'
import { type Credentials, type Installation, keyOf, secretOf } from '../../src/installations/installation.ts'
import { createInstallations, type Installations } from '../../src/installations/installation-records.ts'
import { tokenKey, valuePrefix } from '../../src/installations/store-keys.ts'
import { createMemoryStore } from '../../src/store/memory/memory.ts'
import { createSealing } from '../../src/store/sealing.ts'
import type { Store } from '../../src/store/store.ts'
import { credentials, failure, installation, secret, shown } from '../client/support.ts'
import { planted } from '../leaks/planted.ts'

const open = (store: Store = createMemoryStore(), secretKey?: string | string[]) => ({
  store,
  installations: createInstallations(store, createSealing(secretKey)),
})

/** Adds and confirms an installation, like a successful one. */
async function save(installations: Installations, credentials: Credentials): Promise<void> {
  await installations.add(credentials)
  await installations.confirm(credentials.installation)
}

async function listed(all: AsyncIterable<Installation>): Promise<string[]> {
  const ids: string[] = []
  for await (const { oauthId } of all) ids.push(oauthId)
  return ids.sort()
}

describe('an installation', () => {
  it('is read as it was saved, with its secret', async () => {
    const { store, installations } = open()
    await save(installations, credentials())
    const read = await open(store).installations.get('a1b2')
    expect(read?.installation).toEqual(installation())
    expect(read && secretOf(read)).toBe(secret)
    expect(await installations.get('c3d4')).toBeUndefined()
  })

  it('is read without the members that were not known', async () => {
    const unknown = { groupId: undefined, groupName: undefined, roomId: undefined, homepage: undefined }
    const { store, installations } = open()
    await save(installations, credentials(unknown))
    expect((await open(store).installations.get('a1b2'))?.installation).toEqual(installation(unknown))
  })

  it('is read without unknown scopes', async () => {
    const { store, installations } = open()
    await save(installations, credentials())
    await store.update('installation:a1b2', (text) => text?.replace('view_room', 'read_minds'))
    expect((await installations.get('a1b2'))?.installation.scopes).toEqual([
      'send_notification',
      'view_messages',
    ])
  })

  it('is the same object as long as its record is the same', async () => {
    const { installations } = open()
    await save(installations, credentials())
    expect(await installations.get('a1b2')).toBe(await installations.get('a1b2'))
  })

  it('that another process changed or removed is read correctly the next time', async () => {
    const { store, installations } = open()
    const other = open(store).installations
    await save(installations, credentials())
    await installations.get('a1b2')

    await other.replace({ ...credentials({ scopes: ['view_group'] }), key: keyOf('another secret') })
    const read = await installations.get('a1b2')
    expect(read?.installation.scopes).toEqual(['view_group'])
    expect(read && secretOf(read)).toBe('another secret')

    await other.remove(installation())
    expect(await installations.get('a1b2')).toBeUndefined()
  })

  it('shows no secret to a log or a debugger', async () => {
    const { store, installations } = open()
    await save(installations, credentials())
    const read = await open(store).installations.get('a1b2')
    for (const value of [credentials(), read, read?.installation]) {
      expect(shown(value)).toContain('a1b2')
      expect(shown(value)).not.toContain(secret)
    }
  })
})

describe('adding', () => {
  it('stores a new installation, and does not change a known one', async () => {
    const { installations } = open()
    expect(await installations.add(credentials())).toBe(true)
    expect(await installations.add({ ...credentials({ groupId: 18 }), key: keyOf('stolen') })).toBe(false)
    const read = await installations.get('a1b2')
    expect(read?.installation.groupId).toBe(17)
    expect(read && secretOf(read)).toBe(secret)
  })

  it('succeeds for one of many at the same time, even if all are equal', async () => {
    const { installations } = open()
    const all = await Promise.all(Array.from({ length: 10 }, () => installations.add(credentials())))
    expect(all.filter(Boolean)).toHaveLength(1)
  })
})

describe('an installation that is not confirmed', () => {
  it('is only visible to its own hooks until it is confirmed', async () => {
    const { installations } = open()
    await save(installations, credentials({ oauthId: 'old' }))
    await installations.add(credentials())
    expect(await installations.get('a1b2')).toMatchObject({ unconfirmed: true })
    expect(await listed(installations.all())).toEqual(['old'])
    const next = installation({ oauthId: 'next' })
    expect((await installations.predecessorOf(next))?.installation.oauthId).toBe('old')

    expect(await installations.confirm(installation())).toBe(true)
    expect(await installations.get('a1b2')).not.toHaveProperty('unconfirmed')
    expect(await listed(installations.all())).toEqual(['a1b2', 'old'])
    expect((await installations.predecessorOf(next))?.installation.oauthId).toBe('a1b2')
  })
})

describe('a removed installation', () => {
  it('is neither confirmed nor replaced', async () => {
    const { store, installations } = open()
    expect(await installations.confirm(installation())).toBe(false)
    expect(await installations.replace(credentials())).toBe(false)
    for await (const entry of store.entries('')) expect(entry).toBeUndefined()
  })

  it('is removed completely by the next removal if one was interrupted', async () => {
    const memory = createMemoryStore()
    let away = true
    const { installations } = open({
      ...memory,
      async *entries(prefix) {
        if (away) throw new Error('away')
        yield* memory.entries(prefix)
      },
    })
    await save(installations, credentials())
    await memory.set(`${valuePrefix(installation())}count`, '1')
    await expect(installations.remove(installation())).rejects.toThrow('away')
    away = false
    expect(await installations.remove(installation())).toBe(true)
    for await (const entry of memory.entries('')) expect(entry).toBeUndefined()
  })
})

describe('an installation that another process made again under the same id', () => {
  const successor = () => credentials({ installedAt: new Date(5_000_000_000_000), groupId: 18 })

  it('is not removed by a removal of the previous one', async () => {
    const { store, installations } = open()
    await save(installations, successor())
    const value = `${valuePrefix(installation())}count`
    await store.set(value, '1')
    await store.set(tokenKey('a1b2'), 'a token')
    expect(await installations.remove(installation())).toBe(false)
    expect((await installations.get('a1b2'))?.installation.groupId).toBe(18)
    expect([await store.get(value), await store.get(tokenKey('a1b2'))]).toEqual(['1', 'a token'])
  })

  it('is not removed by a removal in progress', async () => {
    const memory = createMemoryStore()
    const other = open(memory).installations
    const store: Store = {
      ...memory,
      async *entries(prefix) {
        yield* memory.entries(prefix)
        await other.remove(installation())
        await save(other, successor())
      },
    }
    await save(other, credentials())
    expect(await open(store).installations.remove(installation())).toBe(false)
    expect((await other.get('a1b2'))?.installation.groupId).toBe(18)
  })

  it('is not replaced by an update of the previous one, or by an update that was slower than another', async () => {
    const { installations } = open()
    await save(installations, successor())
    expect(await installations.replace(credentials())).toBe(false)
    const updated = credentials({ ...successor().installation, updatedAt: new Date(6_000_000_000_000) })
    expect(await installations.replace(updated, successor().installation)).toBe(true)
    expect(await installations.replace(successor(), successor().installation)).toBe(false)
    await installations.mark(updated.installation, true)
    expect(await installations.replace(updated, updated.installation)).toBe(true)
  })
})

describe('replacing', () => {
  it('does not take the place of a newer installation', async () => {
    const { installations } = open()
    await save(installations, credentials({ oauthId: 'old' }))
    await save(installations, credentials())
    await installations.replace(credentials({ oauthId: 'old' }))
    const next = installation({ oauthId: 'next' })
    expect((await installations.predecessorOf(next))?.installation.oauthId).toBe('a1b2')
  })
})

describe('all', () => {
  it('returns every installation once', async () => {
    const { installations } = open()
    expect(await listed(installations.all())).toEqual([])
    for (const oauthId of ['a1b2', 'c3d4', 'e5:f6']) await save(installations, credentials({ oauthId }))
    expect(await listed(installations.all())).toEqual(['a1b2', 'c3d4', 'e5:f6'])
  })
})

describe('removing', () => {
  it('removes the token and the values too, and returns whether there was an installation', async () => {
    const { store, installations } = open()
    await save(installations, credentials())
    await store.set(tokenKey('a1b2'), 'T1')
    await store.set(`${valuePrefix(installation())}count`, '1')
    expect(await installations.remove(installation())).toBe(true)
    expect(await installations.remove(installation())).toBe(false)
    const left: string[] = []
    for await (const [key] of store.entries('')) left.push(key)
    expect(left).toEqual([])
  })

  it('removes nothing of other installations, whatever their ids and servers', async () => {
    const { store, installations } = open()
    const gone = installation({ oauthId: 'a' })
    const others = [
      installation({ oauthId: 'a:b', groupId: 18 }),
      installation({ oauthId: 'ab', groupId: 19 }),
      installation({ oauthId: 'a%3Ab', groupId: 20 }),
      installation({ oauthId: 'c', capabilitiesUrl: 'https://other.example.net/v2/capabilities' }),
    ]
    for (const one of [gone, ...others]) {
      await save(installations, credentials(one))
      await store.set(tokenKey(one.oauthId), one.oauthId)
      await store.set(`${valuePrefix(one)}count`, one.oauthId)
    }
    await installations.remove(gone)
    for (const one of others) {
      expect(await installations.get(one.oauthId)).toBeDefined()
      expect(await store.get(tokenKey(one.oauthId))).toBe(one.oauthId)
      expect(await store.get(`${valuePrefix(one)}count`)).toBe(one.oauthId)
    }
    expect(await listed(installations.all())).toEqual(['a%3Ab', 'a:b', 'ab', 'c'])
  })
})

describe('the predecessor', () => {
  const old = { oauthId: 'old' }
  const predecessorOf = async (
    before: Partial<Installation>,
    now: Partial<Installation>,
  ): Promise<string | undefined> => {
    const { installations } = open()
    await save(installations, credentials({ ...old, ...before }))
    return (await installations.predecessorOf(installation(now)))?.installation.oauthId
  }

  it('is the installation for the same group or room', async () => {
    expect(await predecessorOf({}, {})).toBe('old')
    expect(await predecessorOf({ roomId: 5 }, { roomId: 5 })).toBe('old')
  })

  it.each<[string, Partial<Installation>, Partial<Installation>]>([
    ['itself', {}, old],
    ['that of another room', { roomId: 5 }, { roomId: 6 }],
    ['that of a room for the group', { roomId: 5 }, {}],
    ['that of another group', {}, { groupId: 18 }],
    ['that on another server', {}, { capabilitiesUrl: 'https://other.example.net/v2/capabilities' }],
    ['that of an unknown group', { groupId: undefined }, { groupId: undefined }],
  ])('is not %s', async (_, before, now) => {
    expect(await predecessorOf(before, now)).toBeUndefined()
  })

  it('is the newest', async () => {
    const { installations } = open()
    await save(installations, credentials({ oauthId: 'oldest' }))
    await save(installations, credentials(old))
    expect((await installations.predecessorOf(installation()))?.installation.oauthId).toBe('old')
  })

  it('is not a removed installation, whose place stays with its successor', async () => {
    const { installations } = open()
    await save(installations, credentials(old))
    await installations.remove(installation(old))
    expect(await installations.predecessorOf(installation())).toBeUndefined()

    await save(installations, credentials(old))
    await save(installations, credentials())
    await installations.remove(installation(old))
    const next = installation({ oauthId: 'next' })
    expect((await installations.predecessorOf(next))?.installation.oauthId).toBe('a1b2')
  })
})

describe('installations with a secret key', () => {
  const secretKey = planted('correct horse battery staple')

  it('do not have the secret in the store', async () => {
    const { store, installations } = open(createMemoryStore(), secretKey)
    await installations.add(credentials())
    expect(await store.get('installation:a1b2')).toContain('sealed:')
    expect(await store.get('installation:a1b2')).not.toContain(secret)
    const read = await open(store, secretKey).installations.get('a1b2')
    expect(read && secretOf(read)).toBe(secret)
  })

  it('can read a secret that was saved before there was a key', async () => {
    const { store, installations } = open()
    await save(installations, credentials())
    const read = await open(store, secretKey).installations.get('a1b2')
    expect(read && secretOf(read)).toBe(secret)
  })

  it('can only read a secret for its own installation', async () => {
    const { store, installations } = open(createMemoryStore(), secretKey)
    await save(installations, credentials())
    const text = (await store.get('installation:a1b2')) ?? ''
    await store.set('installation:c3d4', text.replace('"a1b2"', '"c3d4"'))
    expect(await failure(installations.get('c3d4'))).toMatchObject({
      code: 'ERR_STORE',
      message: expect.stringContaining('the secret of installation:c3d4 could not be decrypted'),
    })
  })

  it('seal all secrets again with the first key, so that the old one can be removed', async () => {
    const { store, installations } = open(createMemoryStore(), secretKey)
    await save(installations, credentials())
    const next = planted('the passphrase that comes after it')
    const both = open(store, [next, secretKey]).installations
    expect(await both.reseal()).toBe(1)
    expect(await both.reseal()).toBe(0)
    const read = await open(store, next).installations.get('a1b2')
    expect(read && secretOf(read)).toBe(secret)
  })

  it('report a missing key if it is the wrong one', async () => {
    const { store, installations } = open(createMemoryStore(), secretKey)
    await save(installations, credentials())
    expect(await failure(open(store).installations.get('a1b2'))).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('is encrypted, but there is no secretKey'),
    })
  })
})
