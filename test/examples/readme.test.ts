import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { commandLine } from '../build.ts'
import { freePort } from '../ports.ts'
import { readPage, root, section } from '../structure/markdown.ts'

const page = readPage('README.md')
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, code = '']) => code,
  )

const tsx = import.meta.resolve('tsx')

/** A process that is killed with the test; resolves once it has said something. */
async function start(argv: readonly string[], cwd: string, says: RegExp): Promise<void> {
  const child = spawn(process.execPath, ['--import', tsx, ...argv], {
    cwd,
    // Here the package is its sources.
    env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes) => {
      printed += bytes
    })
  await expect.poll(() => printed, { timeout: 20_000 }).toMatch(says)
}

test('the smallest add-on and the session with curl work as the README has them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-readme-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const [serverPort, addonPort] = [await freePort(), await freePort()]
  /** The README's own words, on ports that are free here. */
  const here = (text: string) =>
    text
      .replaceAll(/\b8080\b/g, String(serverPort))
      .replaceAll(/\b(localhost:|listen\()3000\b/g, `$1${addonPort}`)

  const [addon = ''] = blocks(section(page, 'The smallest add-on'), 'ts')
  writeFileSync(join(folder, 'echo.mts'), here(`${addon}\nconsole.log('listening')\n`))
  await start(['echo.mts'], folder, /listening/)

  const [command = '', ...session] = blocks(section(page, 'Install it into a server'), 'sh')
  const [npx, name, ...argv] = here(command).trim().split(' ')
  expect([npx, name]).toEqual(['npx', 'hipchat-addon'])
  await start([commandLine, ...argv], folder, /State/)

  const sh = async (script: string): Promise<string> =>
    (await promisify(execFile)('sh', ['-ec', here(script).replaceAll('curl ', 'curl -sS --fail-with-body ')]))
      .stdout
  const [room = '', ahoy = '', history = '', webhook = '', install = '', echo = '', remove = '', ...more] =
    session
  expect(more).toEqual([])
  const said = async (): Promise<string[]> =>
    JSON.parse(await sh(history)).items.map(({ message }: { message: string }) => message)

  expect(JSON.parse(await sh(room))).toHaveProperty('id')
  await sh(ahoy)
  expect(await said()).toEqual(['Ahoy'])
  expect(JSON.parse(await sh(webhook))).toHaveProperty('id')
  expect(JSON.parse(await sh(install))).toMatchObject({ key: 'com.example.echo' })
  await sh(echo)
  await expect.poll(said, { timeout: 10_000 }).toEqual(['Ahoy', '/echo hello', 'hello'])
  expect(await sh(remove)).toBe('')
  const headers = { authorization: 'Bearer secret' }
  const left = await (await fetch(`http://127.0.0.1:${serverPort}/admin/installations`, { headers })).json()
  expect(left).toEqual({ items: [], next: null })
})
