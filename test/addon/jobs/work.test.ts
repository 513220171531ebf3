import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createWorkForm, type Work } from '../../../src/addon/jobs/work.ts'
import { StoreError } from '../../../src/errors.ts'
import { createSealing } from '../../../src/store/sealing.ts'

const work: Work = {
  kind: 'job',
  name: 'remind',
  oauthId: 'installation-1',
  id: 'tea',
  run: 'r',
  data: { text: 'a private matter' },
  error: 'no answer from the host printer.example.com',
}

describe('work in the queue', () => {
  it('is encrypted with secretKey, with its data and its error, and can be read with the key only', () => {
    const form = createWorkForm(createSealing(randomBytes(32).toString('base64')))
    const queued = form.queued(work, { due: 1, attempt: 2 })
    expect(queued).toMatchObject({ id: 'job:remind:installation-1:tea', group: 'installation-1', attempt: 2 })
    expect(JSON.stringify(queued)).not.toMatch(/private|printer/)
    expect(form.read(queued)).toEqual(work)
    const withAnotherKey = createWorkForm(createSealing(randomBytes(32).toString('base64')))
    expect(() => withAnotherKey.read(queued)).toThrow(
      /^the secret of queue:job:remind:installation-1:tea was encrypted with a key that is not in secretKey/,
    )
  })

  it('cannot be read as other work', () => {
    const form = createWorkForm(createSealing(randomBytes(32).toString('base64')))
    const queued = form.queued(work, { due: 1 })
    expect(() => form.read({ ...queued, id: 'job:remind:installation-2:tea' })).toThrow(
      new StoreError(
        'the secret of queue:job:remind:installation-2:tea could not be decrypted: it was altered, or belongs to another record',
      ),
    )
  })

  it('has an id of its own for each job, for each schedule, and for each occurrence that was given up', () => {
    const form = createWorkForm(createSealing())
    const idOf = (one: Work) => form.queued(one, { due: 1 }).id
    const { oauthId, run } = work
    const occurrence: Work = {
      kind: 'schedule',
      name: 'remind',
      oauthId,
      run,
      rule: '@daily UTC',
      occurrence: 5,
    }
    expect([
      idOf({ ...work, id: 'cake' }),
      idOf(occurrence),
      idOf({ ...occurrence, occurrence: 6 }),
      idOf({ ...occurrence, once: true }),
      idOf({ kind: 'delivery', name: 'remind', oauthId, run, id: 'tea', text: '{}' }),
    ]).toEqual([
      'job:remind:installation-1:cake',
      'schedule:remind:installation-1',
      'schedule:remind:installation-1',
      'schedule:remind:installation-1:5',
      'delivery:remind:installation-1:tea',
    ])
  })
})
