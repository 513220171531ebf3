import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { freePorts } from '../ports.ts'
import { root } from '../structure/markdown.ts'

/** Whether somebody listens on a port of this machine. */
const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, 'localhost')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

const kill: (() => void)[] = []
afterEach(() => {
  for (const one of kill.splice(0)) one()
})

const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
const [, ...demoArguments]: string[] = manifest.scripts.start.split(' ')

/** Runs a command as a group of processes of its own: Ctrl-C goes to all of them. */
function start(command: string, args: readonly string[], hipchatPort: number, port: number) {
  const child = spawn(command, args, {
    cwd: root,
    detached: true,
    env: { ...process.env, HIPCHAT_PORT: String(hipchatPort), PORT: String(port) },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  const exit = once(child, 'exit').then(([code]: (number | null)[]) => code)
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(-(child.pid ?? 0), name)
    } catch {
      // gone already
    }
  }
  kill.push(() => child.pid && signal('SIGKILL'))
  return {
    output: () => output,
    exit,
    signal,
    async says(text: string) {
      const until = Date.now() + 20_000
      while (!output.includes(text)) {
        if (Date.now() > until) throw new Error(`it never said “${text}” but:\n${output}`)
        await delay(50)
      }
    },
  }
}

const within = <T>(milliseconds: number, work: Promise<T>): Promise<T | 'still running'> =>
  Promise.race([work, delay(milliseconds, 'still running' as const, { ref: false })])

const sh = (command: string): string =>
  execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

describe('npm start', () => {
  it('shows an add-on at work, tells how to go on, and stops on Ctrl-C', async () => {
    const [hipchatPort = 0, port = 0] = await freePorts(2)
    const demo = start('npm', ['start'], hipchatPort, port)
    await demo.says('Running. Ctrl-C stops')

    expect(demo.output()).toContain(`http://127.0.0.1:${hipchatPort}`)
    expect(demo.output()).toContain(`http://localhost:${port}`)
    expect(demo.output()).toMatch(
      /Admin: \/roll 2d6 for the first move\n {2}Dice: Admin rolled \d+ for the first move/,
    )

    const [say = '', read = '', descriptor = '', ...others] = demo
      .output()
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.startsWith('curl '))
    expect(others).toEqual([])
    expect(JSON.parse(sh(say))).toHaveProperty('id')
    expect(JSON.parse(sh(descriptor))).toMatchObject({ key: 'com.example.dice' })
    const messages = () => JSON.parse(sh(read)).items.map(({ message }: { message: string }) => message)
    await expect
      .poll(messages, { timeout: 5_000 })
      .toContainEqual(expect.stringMatching(/rolled \d+ \(\d+ \+ \d+ \+ \d+\)/))

    demo.signal('SIGINT')
    await within(10_000, demo.exit)
    await expect.poll(() => listens(hipchatPort), { timeout: 5_000 }).toBe(false)
    await expect.poll(() => listens(port), { timeout: 5_000 }).toBe(false)
  }, 60_000)

  // npm ends as its shell does, by the signal; what counts is how the demo itself ends.
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with exit code 0 on %s',
    async (signal) => {
      const [hipchatPort = 0, port = 0] = await freePorts(2)
      const demo = start(process.execPath, demoArguments, hipchatPort, port)
      await demo.says('Running. Ctrl-C stops')
      demo.signal(signal)
      expect(await within(10_000, demo.exit), demo.output()).toBe(0)
      expect([await listens(hipchatPort), await listens(port)]).toEqual([false, false])
    },
    60_000,
  )

  it.each(['HIPCHAT_PORT', 'PORT'])(
    'says so when %s is taken, and ends',
    async (which) => {
      const [hipchatPort = 0, port = 0] = await freePorts(2)
      const taken = which === 'PORT' ? port : hipchatPort
      const squatters = [createServer().listen(taken, '127.0.0.1')]
      await once(squatters[0] ?? createServer(), 'listening')
      if (which === 'PORT')
        squatters.push(
          createServer()
            .listen(taken, '::1')
            .on('error', () => {}),
        )
      try {
        const demo = start(process.execPath, demoArguments, hipchatPort, port)
        expect(await within(20_000, demo.exit), demo.output()).toBe(1)
        expect(demo.output()).toMatch(new RegExp(`port ${taken}\\b.* taken`))
        expect(demo.output()).not.toMatch(/^\s+at /m)
        expect(await listens(which === 'PORT' ? hipchatPort : port)).toBe(false)
      } finally {
        for (const squatter of squatters) squatter.close()
      }
    },
    60_000,
  )
})
