import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { SignedRequestError } from '../../src/errors.ts'
import { type Credentials, keyOf } from '../../src/installations/installation.ts'
import { createInstallations } from '../../src/installations/installation-records.ts'
import { verifySignedRequest } from '../../src/installations/signed-request.ts'
import { createMemoryStore, createSealing } from '../../src/store/index.ts'
import { planted } from '../leaks/planted.ts'
import { jwt, sign } from '../support.ts'
import { endless, fc, jsonObject } from './runs.ts'

describe('a signed request', () => {
  const oauthId = 'client-1'
  const secret = planted('secret-of-client-1')
  const installation = {
    oauthId,
    groupId: 1,
    groupName: undefined,
    roomId: 1,
    capabilitiesUrl: 'https://chat.example.net/v2/capabilities',
    apiUrl: 'https://chat.example.net/v2/',
    tokenUrl: 'https://chat.example.net/v2/oauth/token',
    homepage: undefined,
    scopes: [],
    descriptorEtag: '"1"',
    installedAt: new Date(0),
    updatedAt: new Date(0),
    rejectedSince: undefined,
  }
  const installations = createInstallations(createMemoryStore(), createSealing())
  const known = installations.add({ installation, key: keyOf(secret) } satisfies Credentials)

  const verify = async (token: string) => {
    await known
    const authorization = `JWT ${token}`
    const headers = { headers: { authorization }, rawHeaders: ['Authorization', authorization] }
    return verifySignedRequest(headers as IncomingMessage, undefined, installations) // all that is looked at
  }
  const refused = async (token: string) => {
    await expect(verify(token)).rejects.toBeInstanceOf(SignedRequestError)
  }

  it('of any string is refused, and nothing else happens', () =>
    fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), refused)))

  it('of any header and claims, signed with a guessed secret, is refused', () =>
    fc.assert(
      fc.asyncProperty(jsonObject, jsonObject, fc.string({ minLength: 1 }), async (header, claims, guess) => {
        fc.pre(guess !== secret)
        await refused(jwt({ alg: 'HS256', ...header }, { iss: oauthId, ...claims }, guess))
      }),
    ))

  it('with any byte changed is refused', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(...'abcdXYZ019-_.'), async (at, character) => {
        const token = sign(oauthId, secret)
        const index = at % token.length
        fc.pre(token[index] !== character)
        const changed = token.slice(0, index) + character + token.slice(index + 1)
        // The last character of a signature carries four bits that count and two that do not.
        fc.pre(
          Buffer.from(changed.split('.')[2] ?? '', 'base64url').compare(
            Buffer.from(token.split('.')[2] ?? '', 'base64url'),
          ) !== 0 || index < token.lastIndexOf('.'),
        )
        await refused(changed)
      }),
    ))

  it('with odd claims and the right secret is accepted, or refused by name', () =>
    fc.assert(
      fc.asyncProperty(jsonObject, async (claims) => {
        const outcome = await verify(sign(oauthId, secret, claims)).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(SignedRequestError)
        else expect(outcome).toMatchObject({ tokenId: expect.any(String), expires: expect.any(Number) })
      }),
    ))

  it('is accepted exactly when it follows the rules, according to a second implementation', () => {
    const now = Math.floor(Date.now() / 1000)
    const near = fc.integer({ min: -7200, max: 7200 }).map((seconds) => now + seconds)
    const odd = fc.constantFrom<unknown>(
      undefined,
      null,
      '',
      String(now + 60),
      [now + 60],
      Number.POSITIVE_INFINITY,
      true,
    )
    const room = fc.constantFrom<unknown>(undefined, null, 1, '1', 2, '2', 'Lobby', [1], { id: 1 })
    const claims = fc.record({
      iss: fc.oneof({ weight: 8, arbitrary: fc.constant<unknown>(oauthId) }, odd, fc.string()),
      iat: fc.oneof({ weight: 4, arbitrary: near }, odd),
      exp: fc.oneof({ weight: 4, arbitrary: near }, odd),
      nbf: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, near),
      context: fc.record({ room_id: room }),
    })
    const alg = fc.oneof(
      { weight: 8, arbitrary: fc.constant('HS256') },
      fc.constantFrom('none', 'HS512', 'hs256'),
    )
    return fc.assert(
      fc.asyncProperty(claims, alg, fc.boolean(), async (given, algorithm, right) => {
        const key = right ? secret : `${secret}x`
        // As it arrives: without the values that JSON does not have.
        const sent = JSON.parse(JSON.stringify(given)) as Record<string, unknown>
        const { iss, iat, exp, nbf, context } = sent as { context: { room_id?: unknown } } & typeof sent
        const near = [exp, iat, nbf].some(
          (at) => typeof at === 'number' && Math.abs(Math.abs(at - now) - 60) < 5,
        )
        fc.pre(!near) // the clock goes on meanwhile
        const valid =
          right &&
          algorithm === 'HS256' &&
          iss === oauthId &&
          typeof exp === 'number' &&
          exp > now - 60 &&
          typeof iat === 'number' &&
          iat < now + 60 &&
          (nbf === undefined || (typeof nbf === 'number' && nbf < now + 60)) &&
          [undefined, null, 1, '1'].includes(context.room_id as never) // compared by identity, of any type
        const outcome = await verify(jwt({ alg: algorithm, typ: 'JWT' }, sent, key)).catch(
          (error: unknown) => error,
        )
        if (valid) expect(outcome).toMatchObject({ credentials: { installation: { oauthId } } })
        else expect(outcome).toBeInstanceOf(SignedRequestError)
      }),
    )
  })

  it.each(['.', 'a.', 'eyJ', '%', '\u0000', 'x'])('that is a megabyte of %j is refused', async (piece) => {
    await refused(endless(piece))
  })
})
