import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { freePorts } from '../ports.ts'
import { type LocalRegistry, startLocalRegistry } from '../registry/local.ts'
import { createFolder, environment, packBoth } from '../scaffolder/support.ts'
import { readPage } from '../structure/markdown.ts'
import { expectError, openBrowser, openPage } from './support.ts'

/** The tutorial, followed step by step: its commands, its files, its messages in the chat. */
const path = 'docs/tutorial/first-add-on.md'
const page = readPage(path)

openBrowser()

interface Step {
  readonly line: number
  readonly language: string
  /** The word after the language: the file it belongs to, or `chat`. */
  readonly about: string
  readonly text: string
}

const steps: Step[] = [...page.matchAll(/^```(\w+) ?(\S*)\n([\s\S]*?)^```$/gm)].map((found) => {
  const [, language = '', about = '', text = ''] = found
  return { line: page.slice(0, found.index).split('\n').length, language, about, text }
})

/** How one step is done. Steps without an entry are only read. */
type Do = (text: string, about: string) => Promise<void> | void
const nameOf = ({ language, about }: Step): string =>
  about === 'chat' ? 'chat' : about === '' ? language : `${language} file`

const home = createFolder()
let registry: LocalRegistry

beforeAll(async () => {
  const { framework, scaffolder } = packBoth(home.folder)
  registry = await startLocalRegistry([framework, scaffolder])
}, 120_000)

afterAll(async () => {
  await registry?.close()
  home.remove()
})

/** Applies the change that a block shows with `-` and `+` to a text that contains the old lines. */
function applied(change: string, to: string): string {
  const side = (sign: string) =>
    change
      .split('\n')
      .filter((line) => line.startsWith(sign) || line.startsWith(' '))
      .map((line) => line.slice(1))
      .join('\n')
  expect(to.split(side('-')), 'places that the change fits').toHaveLength(2)
  return to.replace(side('-'), () => side('+'))
}

/** The messages in the room below the person's last one, as `name: text`. */
const answersIn = async (room: Page): Promise<string[]> =>
  (await room.getByRole('log').locator('.message').allInnerTexts()).map((text) =>
    text.replaceAll(/\s+/g, ' '),
  )

it('works step by step, from the empty folder to the tests', async () => {
  const [hipchatPort = 0, port = 0] = await freePorts(2)
  const env = {
    ...environment(),
    npm_config_registry: registry.url,
    npm_config_yes: 'true', // answers npm's question
    HIPCHAT_PORT: `${hipchatPort}`,
    PORT: `${port}`,
  }
  let folder = home.folder
  let dev: ChildProcess | undefined
  let printed = ''
  let room: Page | undefined

  async function run(command: string): Promise<void> {
    const child = spawn('sh', ['-c', command], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes) => {
        said += bytes
      })
    const [code] = await once(child, 'close')
    expect(code, `${command}\n${said}`).toBe(0)
  }

  async function startDev(): Promise<void> {
    // Runs the commands of npm scripts directly: a signal to npm would not reach them.
    const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    dev = spawn('sh', ['-c', `exec ${scripts.dev}`], {
      cwd: folder,
      env: { ...env, PATH: `${join(folder, 'node_modules/.bin')}:${process.env['PATH']}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void dev?.kill('SIGTERM'))
    for (const stream of [dev.stdout, dev.stderr])
      stream?.on('data', (bytes) => {
        printed += bytes
      })
    await expect.poll(() => printed, { timeout: 30_000 }).toMatch(/com\.example\.karma is installed in Lobby/)
    const [, address = ''] = /<(http:[^>]+)>/.exec(page) ?? []
    expect(address).toBe('http://127.0.0.1:8080')
    expect(printed).toContain(`Chat page                  ${address.replace('8080', `${hipchatPort}`)}\n`)
  }

  async function endDev(): Promise<void> {
    if (dev === undefined) return
    if (room) expectError(room, /updates.*ERR_|ERR_.*updates/) // the page asks for its server
    dev.kill('SIGTERM')
    expect(await once(dev, 'close'), printed).toEqual([0, null])
    expect(printed, 'log lines for machines').not.toContain('{"level"')
    dev = undefined
  }

  /** Writes a file, and waits until the running add-on has loaded it. */
  async function write(file: string, text: string): Promise<void> {
    const runs = () => printed.split(/The add-on runs; |com\.example\.karma is updated/).length
    const before = runs()
    writeFileSync(join(folder, file), text)
    if (dev) await expect.poll(runs, { timeout: 30_000, message: printed }).toBe(before + 1)
  }

  async function enter(person: string): Promise<Page> {
    const opened = await openPage({ url: `http://127.0.0.1:${hipchatPort}` })
    await opened.getByRole('button', { name: person }).click()
    await opened.getByRole('link', { name: 'Lobby' }).first().click()
    await opened.getByRole('textbox', { name: 'Message Lobby' }).waitFor()
    return opened
  }

  const doing: Readonly<Record<string, Do>> = {
    async sh(text) {
      for (const command of text.trim().split('\n')) {
        if (command.startsWith('cd ')) folder = join(folder, command.slice(3))
        else if (command === 'npm run dev') await startDev()
        else {
          if (command === 'npm test') await endDev() // with `q`, as the page says
          await run(command)
        }
      }
    },
    'ts file': (text, file) => write(file, text),
    'diff file': (change, file) => write(file, applied(change, readFileSync(join(folder, file), 'utf8'))),
    async chat(text) {
      const lines = text.trim().split('\n')
      for (const line of lines) {
        const [, who = '', words = ''] = /^([^:]+): (.*)$/.exec(line) ?? []
        if (who === 'Karma') {
          await expect
            .poll(async () => (await answersIn(room as Page)).at(-1), { message: printed })
            .toContain(words)
          continue
        }
        room ??= await enter(who)
        await room.getByRole('textbox', { name: 'Message Lobby' }).fill(words)
        await room.keyboard.press('Enter')
        await expect.poll(async () => (await answersIn(room as Page)).join('\n')).toContain(words)
      }
    },
    ts() {}, // compiled like all code of the documentation
  }

  for (const step of steps) {
    const act = doing[nameOf(step)]
    if (!act) throw new Error(`${path}:${step.line}: there is no action for a step of ${nameOf(step)}`)
    await act(step.text, step.about)
  }
  expect(steps.map(nameOf)).toEqual(expect.arrayContaining(Object.keys(doing)))
}, 300_000)
