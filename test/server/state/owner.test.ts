import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { identityOf, livenessOf } from '../../../src/common/process-identity.ts'
import { createHipChatServer } from '../../../src/server/index.ts'
import { openState } from '../../../src/server/state/state.ts'
import { startServer } from '../support.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'hipchat-owner-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('two servers on one data folder: the second is refused with the owner, and the first continues', async () => {
  const data = folder()
  const first = await startServer({ data })
  const second = createHipChatServer({ port: 0, data })
  await expect(second.listen()).rejects.toMatchObject({
    code: 'ERR_FOLDER_TAKEN',
    message: `the data folder ${data} is in use by another server: the process with the id ${process.pid}`,
  })
  await first.say('Lobby', 'alice', 'still here')
  await first.reset()
  await expect(second.listen()).rejects.toThrow('is in use by another server')
  await first.close()
  await second.listen()
  await second.close()
})

test('another process owns the folder until it is killed', async () => {
  const data = folder()
  const code = `import { openState } from ${JSON.stringify(new URL('../../../src/server/state/state.ts', import.meta.url).href)}
    openState(${JSON.stringify(data)}, { durable: true })
    console.log('open')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  expect(() => openState(data, { durable: true })).toThrow(
    `the data folder ${data} is in use by another server: the process with the id ${child.pid}`,
  )
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  const state = openState(data, { durable: true })
  await state.close()
})

test('a process counts as running only if it is the same one', () => {
  const self = identityOf(process.pid)
  expect(livenessOf(self)).toBe('running')
  expect(livenessOf({ ...self, pid: 2 ** 30 })).toBe('gone')
  // before the last boot, and from a container whose processes cannot be seen
  expect(livenessOf({ ...self, boot: 'another' })).toBe('gone')
  expect(livenessOf({ ...self, container: 'pid:[1]' })).toBe('unknown')
})

test('a later process with the same id is a different one', ({ skip }) => {
  skip(
    process.platform !== 'linux',
    'processes with the same id: only Linux shows when one began; run on Linux',
  )
  const self = identityOf(process.pid)
  expect(self.began).toMatch(/^\d+$/)
  expect(livenessOf({ ...self, began: String(Number(self.began) - 1) })).toBe('gone')
})
