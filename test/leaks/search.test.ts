import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../structure/markdown.ts'
import { planted } from './planted.ts'
import { createSearch, type Departure, isSecret, leakIn, spellings, tell } from './search.ts'

const secret = planted('q8Zt0sVwYb3m KfJ2x/"ü')

const departure = (text: string, over: Partial<Departure> = {}): Departure => ({
  kind: 'log',
  file: 'a.test.ts',
  test: 'a test',
  label: 'pino',
  text,
  ...over,
})

describe('the search', () => {
  const search = createSearch([secret, 'another-secret-7f3a', 'q8Zt0sVw'])

  it.each([
    ['as it is', secret],
    ['percent-encoded', encodeURIComponent(secret)],
    ['in JSON', JSON.stringify({ secret })],
    ['in hex', Buffer.from(secret).toString('hex')],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64, after one byte', Buffer.from(`:${secret}`).toString('base64')],
    ['in base64, after two bytes', Buffer.from(`a:${secret}`).toString('base64')],
    ['in base64url, between others', Buffer.from(`abc:${secret}:def`).toString('base64url')],
    ['cut at its end', `${secret.slice(0, 8)} and no more`],
  ])('finds a secret %s', (_, text) => {
    expect(search(`before ${text} after`)).toBeDefined()
    expect(search(`${text}`)).toBeDefined()
  })

  it('finds signed requests that were not registered', () => {
    const token = `${'eyJhbGciOiJIUzI1NiJ9'}.eyJpc3MiOiJhIn0.${'x'.repeat(43)}`
    expect(search(`?signed_request=${token}`)).toEqual({ at: 16, length: token.length })
  })

  it('finds nothing in texts without one', () => {
    for (const text of ['', 'short', 'another-secret-7f3', secret.slice(1, 9), 'eyJhbGciOiJIUzI1NiJ9.x.y'])
      expect(search(text)).toBeUndefined()
  })

  it('ignores secrets that would occur everywhere', () => {
    expect(['wrong', 'x'.repeat(100), 'tokentoken12', secret].map(isSecret)).toEqual([
      false,
      false,
      true,
      true,
    ])
    for (const spelling of spellings('abcdefgh')) expect(spelling.length).toBeGreaterThanOrEqual(8)
  })
})

describe('a departure with a secret', () => {
  const search = createSearch([secret])

  it('is a leak, reported without the secret', () => {
    const leak = leakIn(departure(`password ${secret} was wrong`), search)
    expect(leak && tell(leak)).toBe('log (pino) in a.test.ts > a test\n    password [secret] was wrong')
  })

  it('is not a leak where secrets leave on purpose, and only there', () => {
    const answer = (label: string) => leakIn(departure(secret, { kind: 'answer', label }), search)
    expect(answer('POST /v2/oauth/token')).toBeUndefined()
    expect(answer('GET /v2/room')).toBeDefined()
    expect(answer('POST /v2/oauth/token/')).toBeDefined()
    expect(leakIn(departure(secret, { label: 'POST /v2/oauth/token' }), search)).toBeDefined()
  })

  it('is not a leak in the passage meant for it, but is one next to it', () => {
    const output = (text: string) =>
      leakIn(departure(text, { kind: 'output', label: 'stdout of a process' }), search)
    const token = secret.replace(' ', '')
    const shown = `Administrator's token      ${token}\nState  a folder`
    expect(output(shown)).toBeUndefined()
    expect(output(`${shown}\n${secret}`)).toBeDefined()
  })
})

describe('a run of tests that leaks', () => {
  it('fails, and says where it leaks', async () => {
    const { stdout, stderr, code } = await vitest('test/leaks/leaky.config.ts')
    expect(stdout).toMatch(/Tests .*8 passed/)
    expect(code).toBe(1)
    const found = [...stderr.matchAll(/^ {2}- (.+?) in test\/leaks\/leaky\.ts > (.+)$/gm)]
    expect(found.map(([, what, test]) => `${test}: ${what}`).sort()).toEqual([
      'answers with a signed request: answer (GET /token)',
      'answers with it: answer (GET /page)',
      'answers with what arrived as an unregistered token: answer (GET /echo)',
      'has a process print it: output (stdout of a process)',
      'logs it: log (pino)',
      'prints it: output (console.log)',
      'throws it, in a cause: error (ConfigurationError)',
    ])
    expect(stderr).not.toMatch(/Planted[0-9a-f]{16}|q8Zt0sVwYb3mKfJ2xLr5/)
  }, 60_000)
})

/** Runs vitest with a separate configuration, next to this run. */
async function vitest(config: string) {
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', config],
    { cwd: root, env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (bytes: Buffer) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours, if they are forced
      output[name] += bytes.toString('utf8').replace(/\u001b\[\d*m/g, '')
    })
  const [code] = (await once(child, 'close')) as [number | null]
  return { ...output, code }
}
