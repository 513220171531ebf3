import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { queuedJobs } from '../../../src/addon/jobs/queued-job.ts'
import { createWorkForm } from '../../../src/addon/jobs/work.ts'
import { createMemoryQueue } from '../../../src/store/memory/queue.ts'
import { createSealing } from '../../../src/store/sealing.ts'
import { queued, start } from './started.ts'

const newKey = (): string => randomBytes(32).toString('base64')

it('jobs are sealed again with the first of several keys, and can be read without the old one', async () => {
  const store = mkdtempSync(join(tmpdir(), 'hipchat-addon-jobs-'))
  onTestFinished(() => rmSync(store, { recursive: true, force: true }))
  const [oldKey, firstKey] = [newKey(), newKey()]
  const ran: string[] = []
  const startWith = (...secretKey: string[]) =>
    start((addon) => addon.job<string>('job', ({ data }) => void ran.push(data)), { store, secretKey })
  const first = await startWith(oldKey)
  await first.registered.add(first.installation, 'kept', { id: 'kept', delay: 60_000 })
  await first.addon.close()

  const rotating = await startWith(firstKey, oldKey)
  expect(rotating.log).toContainEqual({ level: 'info', message: 'sealed with the first secretKey', jobs: 1 })
  await rotating.addon.close()
  const rotated = await startWith(firstKey)
  expect(await queued(rotated.addon)).toMatchObject([{ jobId: 'kept', data: 'kept', state: 'waiting' }])
  rotated.clock.advance({ minutes: 2 })
  await rotated.idle()
  expect(ran).toEqual(['kept'])
})

it('jobs that were encrypted with another key are listed with the reason', async () => {
  const queue = createMemoryQueue('memory:', () => {})
  const written = createWorkForm(createSealing(newKey()))
  const job = {
    kind: 'job',
    name: 'remind',
    oauthId: 'client-1',
    id: 'tea',
    run: 'r',
    data: 'secret',
  } as const
  await queue.add(written.queued(job, { due: 5 }), { limit: 1 })
  const found: unknown[] = []
  for await (const one of queuedJobs(queue, createWorkForm(createSealing(newKey())))) found.push(one)
  expect(found).toEqual([
    {
      id: 'job:remind:client-1:tea',
      kind: 'job',
      name: 'remind',
      installation: 'client-1',
      state: 'waiting',
      due: new Date(5),
      attempt: 0,
      crashes: 0,
      error: expect.stringMatching(/was encrypted with a key that is not in secretKey/),
    },
  ])
})
