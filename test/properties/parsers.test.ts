import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { parseArguments, parseUsage } from '../../src/addon/command.ts'
import { translatePattern } from '../../src/addon/pattern.ts'
import { verifySignedRequest } from '../../src/addon/signed-request.ts'
import { card } from '../../src/api/card.ts'
import { descriptor } from '../../src/api/descriptor.ts'
import { delivery, eventNames } from '../../src/api/events.ts'
import { toNotification } from '../../src/client/notification.ts'
import { html } from '../../src/common/html.ts'
import type { Schema } from '../../src/common/schema.ts'
import { validate } from '../../src/common/validate.ts'
import { HipChatAddonError, SignedRequestError } from '../../src/errors.ts'
import type { Credentials } from '../../src/installation.ts'
import { createInstallations, keyOf } from '../../src/installation.ts'
import { createMemoryStore, createSealing } from '../../src/store/index.ts'
import { jwt, sign } from '../support.ts'

// FC_RUNS=100000 for a long campaign.
fc.configureGlobal({ numRuns: Number(process.env['FC_RUNS'] ?? 300) })

const anything = fc.anything({ withNullPrototype: true, withObjectString: true, maxDepth: 4 })
const jsonObject = fc.dictionary(fc.string(), fc.jsonValue())

describe('a signed request', () => {
  const oauthId = 'client-1'
  const secret = 'secret-of-client-1'
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
    const headers = { authorization: [`JWT ${token}`] }
    const request = { headersDistinct: headers } as unknown as IncomingMessage // all that is looked at
    return verifySignedRequest(request, new URLSearchParams(), installations)
  }
  const refused = async (token: string) => {
    await expect(verify(token)).rejects.toBeInstanceOf(SignedRequestError)
  }

  it('of any text is refused, and nothing else happens', () =>
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

  it('with odd claims and the right secret is accepted or refused by name, never anything else', () =>
    fc.assert(
      fc.asyncProperty(jsonObject, async (claims) => {
        const outcome = await verify(sign(oauthId, secret, claims)).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(SignedRequestError)
        else expect(outcome).toMatchObject({ tokenId: expect.any(String), expires: expect.any(Number) })
      }),
    ))
})

describe('a command', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)

  it('gets back the words it was given, whatever blanks are in them', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'grapheme' }).filter((text) => !/["\\“”]/.test(text)),
          { maxLength: 6 },
        ),
        (words) => {
          const typed = words.map((text) => `"${text}"`).join(' ')
          expect(parseArguments(parseUsage('/x [words...]', ''), typed)).toEqual({
            ok: true,
            args: { words },
          })
        },
      ),
    ))

  it('reads any text without failing', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { ok } = parseArguments(parseUsage('/x <a> [b] [c...]', ''), text)
        expect(typeof ok).toBe('boolean')
      }),
    ))

  it('is defined by any usage line, or refused by name', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .tuple(
              word,
              fc.array(
                fc.oneof(
                  word.map((name) => `<${name}>`),
                  word.map((name) => `[${name}]`),
                  fc.string(),
                ),
              ),
            )
            .map(([name, rest]) => `/${name} ${rest.join(' ')}`),
        ),
        (usage) => {
          try {
            expect(parseUsage(usage, '').pattern).toBeInstanceOf(RegExp)
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_CONFIGURATION' })
          }
        },
      ),
    ))
})

describe('a pattern', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    '.',
    '\\d',
    '\\s',
    '\\w',
    '[ab]',
    '[^a]',
    '(?:ab)',
    '(a)',
    '(?<n>b)',
    '\\u0061',
    '\\x62',
    '\\/',
    '\\.',
    '^',
    '$',
    '\\b',
  )
  const repeat = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,2}', '*?')
  const source = fc
    .array(fc.tuple(atom, repeat), { minLength: 1, maxLength: 6 })
    .map((parts) =>
      parts
        .map(
          ([one, times], index) =>
            (one === '(?<n>b)' ? `(?<n${index}>b)` : one) + (/^(\^|\$|\\b)$/.test(one) ? '' : times),
        )
        .join(''),
    )

  it('finds on the server whatever it finds here', () =>
    fc.assert(
      fc.property(
        source,
        fc.constantFrom('', 'i', 'm', 's', 'im'),
        fc.stringMatching(/^[ab1 /.\n]{0,12}$/),
        (text, flags, message) => {
          const expression = new RegExp(text, flags)
          const translated = translatePattern(expression)
          fc.pre(translated.ok)
          if (translated.ok && expression.test(message))
            expect(RE2JS.compile(translated.pattern).matcher(message).find()).toBe(true)
        },
      ),
    ))

  it('of any text that is a RegExp is translated to what compiles, or stays here', () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (text) => {
        let expression: RegExp
        try {
          expression = new RegExp(text)
        } catch {
          return
        }
        const translated = translatePattern(expression)
        if (translated.ok) RE2JS.compile(translated.pattern)
      }),
    ))
})

describe('a schema', () => {
  const schemas: [string, Schema][] = [
    ['descriptor', descriptor],
    ['card', card],
    ...eventNames.map((name): [string, Schema] => [name, delivery(name)]),
  ]

  it.each(schemas)('%s takes or refuses any value, and names what is wrong', (_, schema) => {
    fc.assert(
      fc.property(anything, (value) => {
        const checked = validate(schema, value)
        if (!checked.ok) expect(checked.problem.message).not.toBe('')
      }),
    )
  })

  it('never gives a notification that HipChat would refuse', () =>
    fc.assert(
      fc.property(anything, (value) => {
        try {
          expect(toNotification(value)).toMatchObject({ message: expect.any(String) })
        } catch (error) {
          expect(error).toBeInstanceOf(HipChatAddonError)
        }
      }),
    ))
})

describe('html', () => {
  it('lets no value become markup', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const inside = html`<b title="${text}">${text}</b>`
          .toString()
          .slice('<b title="'.length, -'</b>'.length)
        expect(inside.replace('">', '')).not.toMatch(/[<>"']/)
      }),
    ))
})
