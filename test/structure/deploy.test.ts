import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readOptions } from '../../src/addon/options.ts'
import { readPage } from './markdown.ts'

const page = readPage('docs/how-to/deploy.md')
const [unit = '', changes = ''] = [...page.matchAll(/^```ini\n([\s\S]*?)^```$/gm)].map(
  ([, text = '']) => text,
)

const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-unit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const analyze = (...args: string[]) =>
  spawnSync('systemd-analyze', args, { encoding: 'utf8', env: { ...process.env, SYSTEMD_LOG_LEVEL: 'info' } })

const noSystemd = analyze('--version').status !== 0
const note =
  'the units for systemd, since there is no systemd-analyze here. To enable it: apt-get install systemd'

/** The unit with the lines that the page says are others for the compatible server. */
const forServer = changes
  .trim()
  .split('\n')
  .reduce((text, line) => {
    const [name = '', value = ''] = line.split(/=(.*)/)
    const start =
      name === 'Environment' ? `${name}=${value.split('=')[0]?.replace(/^HIPCHAT_DATA$/, 'STORE_URL')}` : name
    const before = new RegExp(`^${start}=.*$`, 'm')
    expect(text, `what the page has in place of ${line}`).toMatch(before)
    return text.replace(before, line)
  }, unit)

describe('the page on deploying', () => {
  it.for([
    ['an add-on', 'deploys', unit],
    ['the compatible server', 'chat', forServer],
  ])('the unit for %s is one that systemd has nothing to say about', ([, name = '', text = ''], { skip }) => {
    const file = join(folder, `${name}.service`)
    // Where Node is, is this machine's own.
    expect(text).toContain('ExecStart=/usr/bin/node ')
    if (process.env['CI'] !== 'true') skip(noSystemd, note)
    writeFileSync(file, text.replace('/usr/bin/node', process.execPath))
    const { stderr, stdout, status } = analyze('verify', '--man=no', file)
    expect({ stderr, stdout, status }).toEqual({ stderr: '', stdout: '', status: 0 })
  })

  it('gives a process longer to stop than its handlers may take', () => {
    const { closeTimeout } = readOptions({ key: 'k', name: 'n', description: 'd', scopes: [] })
    for (const setting of ['TimeoutStopSec=', '--stop-timeout ', 'stop_grace_period: ']) {
      const [, seconds] = new RegExp(`${setting}(\\d+)`).exec(page) ?? []
      expect(Number(seconds) * 1000, setting).toBeGreaterThan(closeTimeout)
    }
  })

  it('keeps what the container of a template says is to be kept', () => {
    const [, volume = ''] = /^VOLUME (.+)$/m.exec(readPage('templates/shared/Dockerfile')) ?? []
    expect(volume).toMatch(/^\//)
    expect(page).toContain(`--volume deploys:${volume} `)
  })
})
