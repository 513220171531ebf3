import { onTestFinished } from 'vitest'
import type { QueuedJob } from '../../../src/addon/jobs/queued-job.ts'
import { type AddonOptions, createAddon } from '../../../src/index.ts'
import { testAddon } from '../../../src/testing/index.ts'
import { testOptions } from '../../support.ts'

export const create = (options: Partial<AddonOptions> = {}) =>
  createAddon({ ...testOptions, scopes: ['send_notification', 'view_messages'], ...options })

type Made = ReturnType<typeof create>

/** An installed add-on, for which `register` registers what is tested. Its jobs may fail. */
export async function start<T>(register: (addon: Made) => T, options: Partial<AddonOptions> = {}) {
  let registered: T | undefined
  const created = (given: Partial<AddonOptions>) => {
    const addon = create({ ...given, ...options })
    registered = register(addon)
    return addon
  }
  const test = await testAddon(created, { failedJobs: 'allow' })
  onTestFinished(() => test.close())
  return { ...test, registered: registered as T, room: test.room, installation: test.installation } // set by the function
}

/** All that is in the queue of an add-on. */
export async function queued(addon: Pick<Made, 'jobs'>): Promise<QueuedJob[]> {
  const all: QueuedJob[] = []
  for await (const one of addon.jobs()) all.push(one)
  return all
}
