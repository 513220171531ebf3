import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** Runs the command line, and gives what it printed and how it ended. */
function run(...given: string[]) {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', main, ...given], { stdio: 'pipe' })
  onTestFinished(() => void child.kill('SIGKILL'))
  let printed = ''
  child.stdout?.on('data', (bytes) => {
    printed += bytes
  })
  child.stderr?.on('data', (bytes) => {
    printed += bytes
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, ended, printed: () => printed }
}

const lineOf = (printed: string, label: string): string | undefined =>
  new RegExp(`^${label}\\s+(.*)$`, 'm').exec(printed)?.[1]

describe('hipchat-addon server', () => {
  it('says where it is and with which token, and ends cleanly when told', async () => {
    const { child, ended, printed } = run('server', '--port', '0')
    await expect.poll(printed, { timeout: 20_000 }).toMatch(/State/)
    const api = lineOf(printed(), 'API')
    const token = lineOf(printed(), "Administrator's token")
    const rooms = await fetch(`${api}/room`, { headers: { authorization: `Bearer ${token}` } })
    expect(rooms.status).toBe(200)
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })

  it('takes the token it is given, does not print it, and keeps its state in --data', async () => {
    const data = mkdtempSync(join(tmpdir(), 'hipchat-addon-cli-'))
    onTestFinished(() => rmSync(data, { recursive: true, force: true }))
    const headers = { authorization: 'Bearer a-token-of-mine', 'content-type': 'application/json' }
    const first = run('server', '--port', '0', '--admin-token', 'a-token-of-mine', '--data', data)
    await expect.poll(first.printed, { timeout: 20_000 }).toMatch(/State/)
    const body = JSON.stringify({ message: 'remember this' })
    await fetch(`${lineOf(first.printed(), 'API')}/room/Lobby/message`, { method: 'POST', headers, body })
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(first.printed()).not.toContain('a-token-of-mine')

    const second = run('server', '--port', '0', '--admin-token', 'a-token-of-mine', '--data', data)
    await expect.poll(second.printed, { timeout: 20_000 }).toMatch(/State/)
    const history = await fetch(`${lineOf(second.printed(), 'API')}/room/Lobby/history`, { headers })
    expect(JSON.stringify(await history.json())).toContain('remember this')
  })

  it.each([
    [
      ['server', '--port', 'abc'],
      /option '-p, --port <number>' argument 'abc' is invalid. expected a number from 0 to 65535/,
    ],
    [['server', '--prot', '1'], /unknown option '--prot'[\s\S]*Did you mean --port/],
    [['serve'], /unknown command 'serve'[\s\S]*Did you mean server/],
    [['server', '--host', '0.0.0.0'], /publicUrl is required when the server listens on all interfaces/],
  ])('%j is refused with a hint', async (given, message) => {
    const { ended, printed } = run(...given)
    expect(await ended).toBe(1)
    expect(printed()).toMatch(message)
    expect(printed()).not.toMatch(/^\s+at /m)
  })

  it('on a port that is taken says so', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as AddressInfo // it listens on a port
    const { ended, printed } = run('server', '--port', String(port))
    expect(await ended).toBe(1)
    expect(printed()).toContain(String(port))
    expect(printed()).not.toMatch(/^\s+at /m)
  })
})
