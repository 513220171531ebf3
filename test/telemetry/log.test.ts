import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import got from 'got'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { CarelessError, planted } from '../leaks/planted.ts'
import { startWorld } from '../support.ts'

const password = planted('kept-by-the-client-91f2')

/** The address of a server that refuses everything. */
async function refusing(): Promise<string> {
  const server = createServer((_, response) => response.writeHead(401).end('{"error":"no"}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

const failures: [what: string, fail: (host: string) => Promise<unknown>][] = [
  [
    'an error of got',
    (host) =>
      got(`http://${host}/?token=${password}`, {
        username: 'joe',
        password,
        headers: { 'X-Api-Key': password },
        retry: { limit: 0 },
      }),
  ],
  [
    'an error that has it as its cause',
    (host) =>
      got
        .post(`http://${host}/`, { headers: { Authorization: `Bearer ${password}` }, retry: { limit: 0 } })
        .catch((cause: unknown) => {
          throw new CarelessError(`not stored at http://joe:${password}@${host}/`, { cause })
        }),
  ],
  [
    'an error as axios has it',
    async () => {
      const config = {
        headers: { authorization: password },
        auth: { username: 'joe', password },
        httpsAgent: { key: password },
      }
      throw Object.assign(new CarelessError('Request failed with status code 401'), {
        config,
        request: { config },
        response: { config },
      })
    },
  ],
  [
    'several errors at once',
    async (host) =>
      Promise.any([
        got(`http://${host}/`, { password, username: 'a', retry: { limit: 0 } }),
        Promise.reject({ password }),
      ]),
  ],
  [
    'an object that is not an error',
    async () => {
      throw { headers: { COOKIE: password }, url: `https://a.example/?signed_request=${password}` }
    },
  ],
]

it.each(failures)('the log of a handler that fails with %s has the reason and no secret', async (_, fail) => {
  const lines: string[] = []
  const host = await refusing()
  const { install, say } = await startWorld(
    (addon) => {
      addon.webhook('room_message', async () => void (await fail(host)))
    },
    { addon: { log: pino({ level: 'error' }, { write: (line: string) => void lines.push(line) }) } },
  )
  await install()
  await say('go')
  expect(lines).toHaveLength(1)
  const { msg, err } = JSON.parse(lines[0] ?? '')
  expect(msg).toBe('the handler failed')
  expect(err.message).toMatch(/401|not stored|rejected|redacted/)
  expect(err.stack).not.toBe('')
  expect(lines.join('')).not.toContain(password)
  expect(lines.join('').length).toBeLessThan(8000)
})

it('the default log contains no secret, however an author logs it', () => {
  const script = `
    import { createLog } from ${JSON.stringify(fileURLToPath(new URL('../../src/telemetry/log.ts', import.meta.url)))}
    const log = createLog()
    const secret = process.argv[1]
    const error = Object.assign(new Error('refused https://a:' + secret + '@b.example/'), { options: { headers: { Authorization: secret } } })
    log.error(error)
    log.error({ err: error, a: { b: { c: { d: { Password: secret } } } } }, 'by name')
    log.warn({ error }, 'under another name')
    log.info({ headers: { AUTHORIZATION: secret }, list: [{ Cookie: secret }] })
    log.child({ session: { accessToken: secret } }).info({ err: 'text' }, 'of a child')
    log.info('plain %s', 'text')`
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script, '--', password],
    { encoding: 'utf8', env: { ...process.env, LOG_LEVEL: 'info' } },
  )
  expect(stderr).toBe('')
  expect(stdout).not.toContain(password)
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ msg }) => msg)).toEqual([
    'refused https://[redacted]@b.example/',
    'by name',
    'under another name',
    undefined,
    'of a child',
    'plain text',
  ])
  expect(lines[0]).toMatchObject({ err: { type: 'Error', message: 'refused https://[redacted]@b.example/' } })
  expect(lines[2].error).toMatchObject({ message: 'refused https://[redacted]@b.example/' })
  expect(lines[4]).toMatchObject({ session: { accessToken: '[redacted]' }, err: 'text' })
})
