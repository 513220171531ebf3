import { scheduleId, type Work } from '../../src/addon/jobs/work.ts'
import type { ListedWork, QueuedWork } from '../../src/store/index.ts'
import type { Holder } from './shared-store.ts'

/** The only schedule. */
export const scheduleName = 'beat'

/** One job, occurrence or delivery, whatever becomes of it. */
interface Life {
  readonly key: string
  /** Handlers that began, and those of them whose attempt does not count, because a rate limit postponed it. */
  begun: number
  postponed: number
  /** How often its process ended before its handler began. */
  unbegun: number
  /** In which process it succeeded, and how many operations on it had failed there by then. */
  success?: { readonly holder: Holder; readonly failures: number }
}

/** The last time that work was taken. */
interface Taking {
  readonly work: QueuedWork
  readonly life: Life
  readonly holder: Holder
  /** Whether its installation had been removed by then. */
  readonly isRemoved: boolean
  /** When the first work was due that was left waiting. */
  readonly left: number | undefined
  hasBegun: boolean
}

/** All that happened in a simulation, and the rules that it follows. A rule that is broken is noted, and does not throw. */
export type History = ReturnType<typeof createHistory>

/** How many processes may end while they run some work. */
const mostCrashes = 3

/** A name for a job, an occurrence or a delivery that no other has. Jobs have a number as their data. */
export function keyOf(queued: Pick<QueuedWork, 'work'>): string {
  const work = JSON.parse(queued.work) as Work // written by a process, without a secret key
  switch (work.kind) {
    case 'job':
      return `job ${work.data}`
    case 'schedule':
      return `${work.name} of ${work.oauthId} at ${work.occurrence}`
    case 'delivery':
      return `delivery ${work.id}`
  }
}

const ruleOf = ({ work }: QueuedWork): unknown => JSON.parse(work).rule

/** Creates an empty history. */
export function createHistory() {
  const lines: string[] = []
  const broken: string[] = []
  const lives = new Map<string, Life>()
  const takings = new Map<string, Taking>()
  /** Works whose handlers are running, by their id in the queue. */
  const running = new Map<string, Taking>()
  const failures = new Map<string, number>()
  const acknowledged = new Map<string, string>()
  /** Ids and groups of which work was removed on purpose. */
  const removals = new Set<string>()
  /** Ids of work that somebody runs now. */
  const runNow = new Set<string>()
  const removedGroups = new Set<string>()
  const steps = new Set<string>()
  /** How works ended, by their id and key. */
  const ended = new Map<string, string>()

  const note = (line: string): void => void lines.push(`${Date.now() % 10_000_000} ${line}`)

  function breaks(rule: string): void {
    note(`BROKEN: ${rule}`)
    broken.push(rule)
  }

  function lifeOf(work: Pick<QueuedWork, 'work'>): Life {
    const key = keyOf(work)
    const life = lives.get(key) ?? {
      key,
      begun: key.startsWith('delivery') ? 1 : 0,
      postponed: 0,
      unbegun: 0,
    }
    lives.set(key, life)
    return life
  }

  const failuresOf = (holder: Holder, id: string): number => failures.get(`${holder.name} ${id}`) ?? 0

  /** Work in the queue that was written, moved or removed. What has ended does not come back. */
  function moved(before: QueuedWork | undefined, after: QueuedWork | undefined, how: string): void {
    const id = (after ?? before)?.id
    const [left, came] = [before, after].map((work) => work && keyOf(work))
    note(`${id}: ${left ?? 'nothing'} is ${how}: ${came ?? 'nothing'}`)
    if (before && after && isPostponed(before, after)) lifeOf(before).postponed += 1
    if (before && after && ruleOf(before) !== ruleOf(after)) forgetOccurrences(`${id}`)
    else if (left && left !== came && !isUnplanned(`${id}`, how)) ended.set(`${id} ${left}`, how)
    const end = ended.get(`${id} ${came}`)
    if (end && !runNow.has(`${id}`)) breaks(`${came} comes back, although it was ${end}`)
  }

  /** Several processes may plan the schedule of an installation that was removed, and then cancel it. */
  const isUnplanned = (id: string, how: string): boolean =>
    id.startsWith('schedule:') && how.startsWith('cancelled')

  /** Whether work whose handler began goes back with one attempt less. */
  const isPostponed = (before: QueuedWork, after: QueuedWork): boolean =>
    keyOf(before) === keyOf(after) &&
    after.attempt === before.attempt - 1 &&
    takings.get(before.id)?.hasBegun === true

  /** A schedule with another pattern begins again, with times that may have been those of other occurrences. */
  function forgetOccurrences(id: string): void {
    for (const key of [...ended.keys()]) if (key.startsWith(`${id} `)) ended.delete(key)
    const [, name, oauthId] = id.split(':')
    for (const life of lives.values()) if (life.key.startsWith(`${name} of ${oauthId} `)) delete life.success
  }

  function taken(work: QueuedWork, holder: Holder, left: number | undefined): void {
    note(`${work.id}: taken by ${holder.name}, attempt ${work.attempt}, crashes ${work.crashes}`)
    const isRemoved = removedGroups.has(work.group)
    takings.set(work.id, { work, life: lifeOf(work), holder, isRemoved, left, hasBegun: false })
  }

  function begin(holder: Holder, id: string, attempt: number): { end(): void; readonly life: Life } {
    const taking = takings.get(id)
    if (!taking) throw new Error(`${id} was never taken`)
    const { work, life, left } = taking
    note(`${id}: ${life.key} begins in ${holder.name}, attempt ${attempt}`)
    const rules: [boolean, string][] = [
      [taking.holder !== holder, 'runs in a process that does not have it'],
      [running.get(id)?.holder.state === 'running', `runs twice at the same time`],
      [attempt !== work.attempt, `runs with attempt ${attempt}, and was taken with ${work.attempt}`],
      [
        attempt > 1 + life.begun - life.postponed + life.unbegun,
        `runs with attempt ${attempt}, which is too many`,
      ],
      [work.crashes >= mostCrashes, `runs although ${work.crashes} processes ended with it`],
      [taking.isRemoved, 'runs although its installation was removed'],
      [left !== undefined && work.due > left, 'runs before work that was due earlier'],
      [
        isSuspect(taking) && [...running.values()].some((one) => isSuspect(one) && one.holder === holder),
        'is not alone',
      ],
    ]
    for (const [isBroken, rule] of rules) if (isBroken) breaks(`${life.key} ${rule}`)
    const { success } = life
    if (success && success.holder.state === 'running' && failuresOf(success.holder, id) === success.failures)
      breaks(`${life.key} runs again, although it succeeded`)
    life.begun += 1
    taking.hasBegun = true
    running.set(id, taking)
    return {
      life,
      end() {
        if (running.get(id) === taking) running.delete(id)
      },
    }
  }

  const isSuspect = ({ work }: Taking): boolean => work.crashes >= mostCrashes - 1

  return {
    lines,
    broken,
    note,
    breaks,
    moved,
    taken,
    begin,
    /** Whether a process has taken the work with this id, and its handler has not begun yet. */
    isTaken(id: string, holder: Holder): boolean {
      const taking = takings.get(id)
      return taking?.holder === holder && !taking.hasBegun
    },
    running: (holder: Holder): number => [...running.values()].filter((one) => one.holder === holder).length,
    takenOver(work: QueuedWork, holder: Holder): void {
      note(`${work.id}: taken over from ${holder.name}, which was ${holder.state}`)
      const taking = takings.get(work.id)
      if (taking && !taking.hasBegun) taking.life.unbegun += 1
    },
    storeFailed(holder: Holder, what: string, id: string): void {
      note(`${id}: ${what} fails in ${holder.name}`)
      failures.set(`${holder.name} ${id}`, failuresOf(holder, id) + 1)
    },
    succeeded(holder: Holder, id: string, life: Life): void {
      note(`${id}: ${life.key} succeeds`)
      life.success = { holder, failures: failuresOf(holder, id) }
    },
    step(name: string): void {
      if (steps.has(name)) breaks(`${name} is done again, although its result was stored`)
    },
    stored(key: string): void {
      const step = /:step:[^:]*:(.*)$/.exec(key)?.[1]
      if (step) steps.add(step)
    },
    /** `add` has promised to keep this work. */
    acknowledged(key: string, id: string): void {
      note(`${id}: ${key} is acknowledged`)
      acknowledged.set(key, id)
    },
    /** Somebody runs this work now: it may have ended by the time at which it is put into the queue for that. */
    runningNow: (id: string): void => void runNow.add(id),
    /** Somebody removes, replaces or cancels what has this id, or is of this group. */
    removing: (idOrGroup: string): void => void removals.add(idOrGroup),
    /** A process may still plan the schedule of an installation that is removed; then it cancels what it added. */
    emptied: (group: string): void => forgetOccurrences(scheduleId(scheduleName, group)),
    removed(group: string): void {
      note(`${group} was removed`)
      removedGroups.add(group)
    },
    /** Looks at what is left in the queue when all has been done. */
    end(left: readonly ListedWork[], groupOf: (id: string) => string): void {
      const kept = new Map(left.map((work) => [keyOf(work), work]))
      for (const [key, id] of acknowledged) {
        const life = lives.get(key)
        const isOver = life?.success !== undefined || kept.get(key)?.state === 'given up'
        if (!isOver && !removals.has(id) && !removals.has(groupOf(id))) breaks(`${key} is lost`)
      }
      for (const work of left) {
        const { key, begun, postponed, unbegun } = lifeOf(work)
        if (removedGroups.has(work.group)) breaks(`${key} is left, although its installation was removed`)
        if (work.attempt > begun - postponed + unbegun)
          breaks(`${key} is ${work.state} with attempt ${work.attempt}, and ran ${begun} times`)
      }
    },
  }
}
