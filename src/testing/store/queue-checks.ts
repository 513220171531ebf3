import type { AddOptions, ListedWork, Queue, QueuedWork, WorkState } from '../../store/store.ts'
import { refused, same } from './asserting.ts'
import type { Subject } from './checks.ts'

const work = (id: string, more: Partial<QueuedWork> = {}): QueuedWork => ({
  id,
  group: 'group',
  due: 1000,
  attempt: 0,
  crashes: 0,
  work: `the work of ${id}`,
  ...more,
})

const roomy: AddOptions = { limit: 10_000 }

const idsOf = (works: readonly QueuedWork[]): string[] => works.map(({ id }) => id)

/** All work of a queue in a state. */
export async function listed(queue: Queue, state: WorkState): Promise<ListedWork[]> {
  const found: ListedWork[] = []
  for await (const one of queue.list(state)) found.push(one)
  return found
}

type QueueCheck = (queue: Queue, second: Queue, subject: Subject) => Promise<void>

/** The checks that every store with a queue must pass. */
const queueChecks: Readonly<Record<string, QueueCheck>> = {
  async 'gives work when it is due, the earliest first, with one attempt more'(queue) {
    await queue.add(work('late', { due: 3000 }), roomy)
    await queue.add(work('second', { due: 2000, attempt: 4, crashes: 1, group: 'other' }), roomy)
    await queue.add(work('first', { due: 1000 }), roomy)
    same(await queue.take(999, 10), [], 'take(999) of work that is due at 1000')
    same(
      await queue.take(2000, 10),
      [work('first', { attempt: 1 }), work('second', { due: 2000, attempt: 5, crashes: 1, group: 'other' })],
      'take(2000)',
    )
    same(await queue.take(2000, 10), [], 'take(2000) again')
    same(idsOf(await queue.take(3000, 10)), ['late'], 'take(3000)')
  },

  async 'gives no more work than was asked for'(queue) {
    for (let index = 0; index < 5; index += 1) await queue.add(work(`${index}`, { due: index }), roomy)
    same(idsOf(await queue.take(10, 2)), ['0', '1'], 'take(10, 2)')
    same(idsOf(await queue.take(10, 2)), ['2', '3'], 'take(10, 2) again')
    same(await queue.take(10, 0), [], 'take(10, 0)')
    same(idsOf(await queue.take(10, 2)), ['4'], 'take(10, 2) for the last one')
  },

  async 'gives each work to one of many takers'(queue, second) {
    const ids = Array.from({ length: 60 }, (_, index) => `work ${index}`)
    await Promise.all(ids.map((id) => queue.add(work(id), roomy)))
    const takes = Array.from({ length: 30 }, (_, index) => (index % 2 ? queue : second).take(1000, 3))
    const taken = idsOf((await Promise.all(takes)).flat())
    for (let more = ['']; more.length > 0; taken.push(...more)) more = idsOf(await queue.take(1000, 10))
    same(taken.toSorted(), ids.toSorted(), 'the ids of all that was taken')
  },

  async 'adds work with an id once, also while it is running or was given up'(queue) {
    same(await queue.add(work('a'), roomy), 'added', "add('a')")
    same(await queue.add(work('a', { work: 'other' }), roomy), 'exists', "add('a') again")
    const [taken] = await queue.take(1000, 1)
    same(taken?.work, 'the work of a', "the work of 'a'")
    same(await queue.add(work('a'), { ...roomy, replace: true }), 'exists', "add('a') while it is running")
    await queue.putBack(work('a', { due: 9000, attempt: 1 }), 'given up')
    same(await queue.add(work('a'), roomy), 'exists', "add('a') when it was given up")
    same(
      await queue.add(work('a', { due: 5, work: 'new' }), { ...roomy, replace: true }),
      'added',
      "add('a') with replace",
    )
    same(
      await queue.take(9, 9),
      [work('a', { due: 5, work: 'new', attempt: 1 })],
      'take() of what replaced it',
    )
    same(await queue.take(9000, 9), [], 'take() at the time of what was replaced')
    same(await queue.finish('a'), true, "finish('a')")
    same(await queue.add(work('a'), roomy), 'added', "add('a') when it is finished")
  },

  async 'puts back what was taken, as it is given'(queue) {
    await queue.add(work('a'), roomy)
    await queue.take(1000, 1)
    same(await queue.putBack(work('a', { due: 2000, attempt: 1, work: 'next' })), true, "putBack('a')")
    same(await queue.putBack(work('a')), false, "putBack('a') while it waits")
    same(await queue.finish('a'), false, "finish('a') while it waits")
    same(await queue.take(1999, 1), [], 'take(1999) of what is due at 2000')
    same(await queue.take(2000, 1), [work('a', { due: 2000, attempt: 2, work: 'next' })], 'take(2000)')
    same(await queue.finish('a'), true, "finish('a')")
    same(await queue.finish('a'), false, "finish('a') again")
    same(await queue.putBack(work('a')), false, "putBack('a') when it is finished")
    same(await queue.putBack(work('b')), false, "putBack('b'), which was never there")
    same(await queue.get('b'), undefined, "get('b')")
  },

  async 'keeps work that was given up until its time'(queue) {
    await queue.add(work('a'), roomy)
    await queue.take(1000, 1)
    await queue.putBack(work('a', { due: 5000, attempt: 1 }), 'given up')
    await queue.add(work('b', { due: 6000 }), { ...roomy, state: 'given up' })
    same(await queue.take(4999, 9), [], 'take(4999)')
    same(
      await listed(queue, 'given up'),
      [
        { ...work('a', { due: 5000, attempt: 1 }), state: 'given up' },
        { ...work('b', { due: 6000 }), state: 'given up' },
      ],
      "list('given up')",
    )
    const states = { waiting: 0, running: 0, 'given up': 2 }
    same(await queue.counts(), { states, next: undefined }, 'counts()')
    same(await queue.take(5000, 9), [], 'take(5000)')
    same(await queue.get('a'), undefined, "get('a') after its time")
    same((await queue.get('b'))?.state, 'given up', "the state of 'b'")
  },

  async 'cancels work that is not running'(queue) {
    await queue.add(work('waits'), roomy)
    await queue.add(work('given up'), { ...roomy, state: 'given up' })
    await queue.add(work('runs', { due: 1 }), roomy)
    await queue.take(1, 1)
    same(await queue.cancel('waits'), true, "cancel('waits')")
    same(await queue.cancel('waits'), false, "cancel('waits') again")
    same(await queue.cancel('given up'), true, "cancel('given up')")
    same(await queue.cancel('runs'), false, "cancel('runs')")
    for (const id of ['waits', 'given up'])
      same(await queue.get(id), undefined, `get('${id}') when it was cancelled`)
    same(await queue.take(5000, 9), [], 'take(5000)')
    same(await queue.finish('runs'), true, "finish('runs')")
  },

  async 'refuses more work than a group may have, and counts what is left'(queue) {
    const limit = { limit: 2 }
    same(await queue.add(work('a'), limit), 'added', 'the first work of a group of two')
    same(await queue.add(work('b'), limit), 'added', 'the second work')
    same(await queue.add(work('c'), limit), 'full', 'the third work')
    same(await queue.add(work('a'), limit), 'exists', 'the first work again')
    same(await queue.add(work('c', { group: 'other' }), limit), 'added', 'the third work, in another group')
    await queue.take(1000, 1)
    same(await queue.add(work('d'), limit), 'full', 'another one while one is running')
    await queue.finish('a')
    same(await queue.add(work('d'), limit), 'added', 'another one when one is finished')
    await queue.cancel('b')
    same(await queue.add(work('e'), limit), 'added', 'another one when one was cancelled')
    same(await queue.add(work('e', { due: 7 }), { ...limit, replace: true }), 'added', 'a replacement')
    await queue.take(7, 1)
    await queue.putBack(work('e', { due: 9000, attempt: 1 }), 'given up')
    same(await queue.add(work('f'), limit), 'full', 'another one while one is given up')
    await queue.cancel('e')
    same(await queue.add(work('f'), limit), 'added', 'another one when the replacement was cancelled')
  },

  async 'refuses more work than a group may have, however many callers add some at the same time'(
    queue,
    second,
  ) {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 ? queue : second).add(work(`work ${index}`), { limit: 7 }),
      ),
    )
    same(answers.filter((answer) => answer === 'added').length, 7, 'how many of 40 add() were granted')
    same(answers.filter((answer) => answer === 'full').length, 33, 'how many of 40 add() found it full')
    same((await queue.counts()).states.waiting, 7, 'the number of waiting works')
  },

  async 'removes all work of a group, and takes none of it back'(queue) {
    await queue.add(work('runs', { due: 1 }), roomy)
    await queue.add(work('waits'), roomy)
    await queue.add(work('given up'), { ...roomy, state: 'given up' })
    await queue.add(work('other', { group: 'group 2' }), roomy)
    const [taken] = await queue.take(1000, 1)
    await queue.removeGroup('group')
    same(await queue.putBack(work(taken?.id ?? '')), false, 'putBack() of running work of the group')
    for (const id of ['runs', 'waits', 'given up']) same(await queue.get(id), undefined, `get('${id}')`)
    same(await queue.finish(taken?.id ?? ''), false, 'finish() of running work of the group')
    same(idsOf(await queue.take(1000, 9)), ['other'], 'take() afterwards')
    const states = { waiting: 0, running: 1, 'given up': 0 }
    same(await queue.counts(), { states, next: undefined }, 'counts() afterwards')
    same(await queue.add(work('new'), { limit: 1 }), 'added', 'add() to the empty group')
  },

  async 'shows and counts the work in each state'(queue) {
    same(
      await queue.counts(),
      { states: { waiting: 0, running: 0, 'given up': 0 }, next: undefined },
      'counts() of an empty queue',
    )
    await queue.add(work('b', { due: 3000 }), roomy)
    await queue.add(work('a', { due: 3000 }), roomy)
    await queue.add(work('c', { due: 2000, group: 'ü' }), roomy)
    await queue.add(work('d', { due: 1000 }), roomy)
    await queue.add(work('e'), { ...roomy, state: 'given up' })
    await queue.add(work('f', { due: 4000 }), { ...roomy, state: 'given up' })
    await queue.take(0, 9)
    await queue.take(1000, 1)
    const states = { waiting: 3, running: 1, 'given up': 1 } // the take at 1000 has forgotten one
    same(await queue.counts(), { states, next: 2000 }, 'counts()')
    same(idsOf(await listed(queue, 'waiting')), ['c', 'a', 'b'], "list('waiting')")
    same(
      await listed(queue, 'running'),
      [{ ...work('d', { attempt: 1 }), state: 'running' }],
      "list('running')",
    )
    same(await queue.get('c'), { ...work('c', { due: 2000, group: 'ü' }), state: 'waiting' }, "get('c')")
  },

  async 'keeps queues apart, and any string unchanged'(queue, _second, { store }) {
    const other = store.queue?.('queue:2')
    const odd = 'ü😀\u0000\r\n"\\\u001b{}:* '
    const full = work(odd, { group: odd, work: `${odd}${'x'.repeat(100_000)}` })
    await queue.add(full, roomy)
    same(await other?.get(odd), undefined, 'get() from another queue')
    same(await other?.take(5000, 9), [], 'take() from another queue')
    same(await other?.add(work(odd), roomy), 'added', 'add() of the same id to another queue')
    same(await queue.take(5000, 9), [{ ...full, attempt: 1 }], 'take()')
    await other?.removeGroup(odd)
    same(await queue.finish(odd), true, 'finish() after the group was removed from another queue')
  },

  async 'lists more work than a page'(queue) {
    const ids = Array.from({ length: 350 }, (_, index) => `work ${String(index).padStart(3, '0')}`)
    await Promise.all(ids.map((id) => queue.add(work(id), roomy)))
    same(idsOf(await listed(queue, 'waiting')), ids, "list('waiting')")
    same((await queue.counts()).states.waiting, 350, 'the number of waiting works')
  },

  async 'gives the work of a closed store to another one'(queue, second, { store, second: other }) {
    if (store === other) return
    await queue.add(work('a'), roomy)
    await queue.add(work('b', { due: 5000 }), roomy)
    await queue.take(1000, 9)
    same(await second.take(1000, 9), [], 'take() while the store with the work is open')
    same(await second.finish('a'), false, 'finish() of what another store has taken')
    same(await second.putBack(work('a')), false, 'putBack() of what another store has taken')
    await store.close()
    same(await second.take(1000, 9), [work('a', { attempt: 2 })], 'take() when the store is closed')
    same(idsOf(await second.take(5000, 9)), ['b'], 'take(5000)')
  },

  async 'refuses names that not every store can keep'(queue, _second, { store }) {
    const wrong = { 'an empty': '', 'a long': 'x'.repeat(501), 'an ill-formed': 'a\ud800' }
    const usesOfId: Record<string, (id: string) => unknown> = {
      add: (id) => queue.add(work(id), roomy),
      putBack: (id) => queue.putBack(work(id)),
      finish: (id) => queue.finish(id),
      cancel: (id) => queue.cancel(id),
      get: (id) => queue.get(id),
    }
    const usesOfGroup: Record<string, (group: string) => unknown> = {
      add: (group) => queue.add(work('a', { group }), roomy),
      putBack: (group) => queue.putBack(work('a', { group })),
      removeGroup: (group) => queue.removeGroup(group),
    }
    for (const [what, name] of Object.entries(wrong)) {
      for (const [verb, use] of Object.entries(usesOfId))
        await refused(() => use(name), /\bid\b/, `${verb}() with ${what} id`)
      for (const [verb, use] of Object.entries(usesOfGroup))
        await refused(() => use(name), /\bgroup\b/, `${verb}() with ${what} group`)
    }
    await refused(() => store.queue?.('q'.repeat(201)), /\bqueue\b/, 'queue() with a name of 201 bytes')
    const long = 'ü'.repeat(250)
    same(await queue.add(work(long, { group: long }), roomy), 'added', 'add() with names of 500 bytes')
    same(idsOf(await queue.take(1000, 9)), [long], 'take()')
    const tooLong = work('long', { work: 'x'.repeat(512 * 1024 + 1) })
    await refused(() => queue.add(tooLong, roomy), /\bwork\b/, 'add() with work of more than 512 KiB')
    for (const due of [0.5, -1, Number.NaN])
      await refused(() => queue.add(work('a', { due }), roomy), /\bdue\b/, `add() with a due of ${due}`)
  },

  async 'refuses every call when its store is closed'(queue, _second, { store }) {
    await store.close()
    const uses: Record<string, () => unknown> = {
      add: () => queue.add(work('a'), roomy),
      take: () => queue.take(0, 1),
      putBack: () => queue.putBack(work('a')),
      finish: () => queue.finish('a'),
      cancel: () => queue.cancel('a'),
      removeGroup: () => queue.removeGroup('a'),
      get: () => queue.get('a'),
      list: () => listed(queue, 'waiting'),
      counts: () => queue.counts(),
    }
    for (const [verb, use] of Object.entries(uses))
      await refused(use, /\bclosed\b/i, `${verb}() after close()`)
  },
}

/** The same checks for the contract of a store. A store without a queue passes them: it needs none. */
export const checksOfQueues = Object.fromEntries(
  Object.entries(queueChecks).map(([name, check]) => [
    `has queues: ${name}`,
    async (subject: Subject) => {
      const queue = subject.store.queue?.('queue')
      const second = subject.second.queue?.('queue')
      if (queue && second) await check(queue, second, subject)
    },
  ]),
)
