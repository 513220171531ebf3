import { checkName, checkQueued } from '../limits.ts'
import type { ListedWork, Queue, QueuedWork, WorkState } from '../store.ts'
import type { Query, Row } from './connection.ts'
import { holdersOf, type PostgresHolders } from './holders.ts'
import { bytesOf, textOf } from './sql.ts'

/** The queues in the tables of a store. */
export interface PostgresQueues {
  /** The queue of a name. */
  queue(name: string): Queue
  /** Removes the numbers of groups without work. */
  sweep(): Promise<void>
}

/** What the queues of a store use. */
export interface QueueParts {
  readonly query: Query
  readonly holders: PostgresHolders
  /** The store's name, for messages. */
  readonly store: string
}

/** Works that one statement returns, with up to 512 KiB each. */
const atOnce = 20
/** Works, or numbers of groups, that one statement removes. */
const removedAtOnce = 100
/** Works of others that one statement frees. */
const freedAtOnce = 1000
/** Lost takes that are remembered: a few for each outage. */
const mostLost = 100

// The queue is `$1` in each statement. Each group has a row with its number of works, and of those that were given up. The
// limit of a group needs that number. `counts` adds the numbers of all groups up, and counts only running work, of which takers
// have few at a time. It does not count rows, which could be a million, and there are no numbers of a whole queue: all its
// takers would wait for each other's commits. As it is, taking work and putting it back touch no number.
//
// A statement that changes numbers first locks the rows of the groups, in the order of their names, and then those of works. In
// another order, two statements could wait for each other. What it reads before that, in `known`, may have changed when it has
// the locks, so it tests the works again.

/** Locks the groups that are selected; `condition` says when. */
const locked = (groups: string, condition = 'true'): string => `
  locked as materialized (
    select group_name, works from hipchat_addon_queue_groups
    where queue = $1 and group_name in (${groups}) and ${condition} order by group_name for update
  )`

/** A condition that is true when the groups are locked. */
const areLocked = '(select count(*) from locked) >= 0'

/** Selects by how much works in a part of a statement change the numbers of their groups, which is once each. */
const changesBy = (one: 1 | -1, part: string): string =>
  `select group_name, ${one} as works, ${one} * (state = 'given up')::integer as given_up from ${part}`

const counted = (...changes: readonly string[]): string => `
  counted as (
    insert into hipchat_addon_queue_groups as groups (queue, group_name, works, given_up)
    select $1::bytea, group_name, sum(works), sum(given_up) from (${changes.join(' union all ')}) change
    group by group_name having sum(works) <> 0 or sum(given_up) <> 0 order by group_name
    on conflict (queue, group_name) do update
    set works = groups.works + excluded.works, given_up = groups.given_up + excluded.given_up
  )`

/** Writes the work `$2` to `$8` in place of one that meets a condition. The other condition says whether that changes a number. */
const written = (isOld: string, isCounted: string): string => `
  known as materialized (
    select group_name, state from hipchat_addon_queue where queue = $1 and id = $2
  ),
  ${locked('select $3::bytea union all select group_name from known', isCounted)},
  old as materialized (
    select id, group_name, state from hipchat_addon_queue
    where ${areLocked} and queue = $1 and id = $2 and ${isOld} for update
  ),
  written as (
    update hipchat_addon_queue works
    set group_name = $3, state = $4, due = $5, attempt = $6, crashes = $7, work = $8, holder = null, take = null
    from old where works.queue = $1 and works.id = old.id
    returning works.group_name, works.state
  )`

// Nothing is returned if somebody else has changed the work in between, or if the group has no row yet.
const addStatement = `
  with ${written(
    "$10::boolean and state <> 'running'",
    "not exists (select from known where not $10 or state = 'running')",
  )},
  added as (
    insert into hipchat_addon_queue (queue, id, group_name, state, due, attempt, crashes, work)
    select $1, $2, $3, $4, $5, $6, $7, $8 from locked
    where group_name = $3 and works < $9::float8 and not exists (select from known)
    on conflict (queue, id) do nothing
    returning group_name, state
  ),
  ${counted(changesBy(-1, 'old'), changesBy(1, 'written'), changesBy(1, 'added'))},
  outcomes as (
    select case
      when exists (select from written) or exists (select from added) then 'added'
      when exists (select from known where not $10 or state = 'running') then 'exists'
      when not exists (select from known)
        and exists (select from locked where group_name = $3 and works >= $9) then 'full'
    end as outcome
  )
  select outcome from outcomes where outcome is not null`

const groupStatement = `
  insert into hipchat_addon_queue_groups (queue, group_name, works, given_up) values ($1, $2, 0, 0)
  on conflict (queue, group_name) do nothing`

const firstDue = (state: WorkState): string =>
  `(select due from hipchat_addon_queue where queue = $1 and state = '${state}' order by due, id limit 1)`

const lookStatement = `
  select due, old, held.*
  from (select ${firstDue('waiting')} <= $2::bigint as due, ${firstDue('given up')} <= $2 as old) first
  left join (${holdersOf(
    `select distinct holder from hipchat_addon_queue
     where queue = $1 and state = 'running' and (holder <> $3 or take = any($4::bigint[]))`,
    '$5',
    '$6',
  )}) held on true`

/** Removes works that meet a condition, and returns how many it knew and has removed. */
const removeStatement = (condition: string, selection = ''): string => `
  with known as materialized (
    select works.id, works.group_name from hipchat_addon_queue works where works.queue = $1 and ${condition} ${selection}
  ),
  ${locked('select group_name from known')},
  removed as (
    delete from hipchat_addon_queue works using known
    where ${areLocked} and works.queue = $1 and works.id = known.id and ${condition}
    returning works.group_name, works.state
  ),
  ${counted(changesBy(-1, 'removed'))}
  select (select count(*) from known) as known, (select count(*) from removed) as removed`

const firstSome = `order by works.due, works.id limit ${removedAtOnce}`
const finishStatement = removeStatement("works.id = $2 and works.state = 'running' and works.holder = $3")
const cancelStatement = removeStatement("works.id = $2 and works.state <> 'running'")
const forgetStatement = removeStatement("works.state = 'given up' and works.due <= $2", firstSome)
const removeGroupStatement = removeStatement('works.group_name = $2', firstSome)

// As in the journal, the names of those that are gone are given.
const freeStatement = `
  with free as materialized (
    select id from hipchat_addon_queue
    where queue = $1 and state = 'running' and (holder = any($2::text[]) or (holder = $4 and take = any($5::bigint[])))
    limit ${freedAtOnce} for update skip locked
  )
  update hipchat_addon_queue works
  set state = 'waiting', holder = null, take = null,
    attempt = attempt - case when holder = $4 then 1 else 0 end,
    crashes = crashes + case when holder = any($3::text[]) then 1 else 0 end
  from free where works.queue = $1 and works.id = free.id`

const takeStatement = `
  with due as materialized (
    select id from hipchat_addon_queue where queue = $1 and state = 'waiting' and due <= $2
    order by due, id limit $3 for update skip locked
  ),
  taken as (
    update hipchat_addon_queue works set state = 'running', attempt = attempt + 1, holder = $4, take = $5
    from due where works.queue = $1 and works.id = due.id
    returning works.*
  )
  select * from taken order by due, id`

const putBackStatement = `
  with ${written(
    "state = 'running' and holder = $9",
    "exists (select from known where $4 = 'given up' or group_name <> $3)",
  )},
  ${counted(changesBy(-1, 'old'), changesBy(1, 'written'))}
  select from written`

const pageStatement = `
  select * from hipchat_addon_queue where queue = $1 and state = $2 and (due, id) > ($3::bigint, $4::bytea)
  order by due, id limit ${atOnce}`

const countsStatement = `
  select works - running - given_up as waiting, running, given_up, ${firstDue('waiting')} as next
  from (
    select coalesce(sum(works), 0) as works, coalesce(sum(given_up), 0) as given_up
    from hipchat_addon_queue_groups where queue = $1
  ) numbers,
  (select count(*) as running from hipchat_addon_queue where queue = $1 and state = 'running') taken`

const sweepStatement = `
  delete from hipchat_addon_queue_groups where (queue, group_name) in (
    select queue, group_name from hipchat_addon_queue_groups where works = 0
    limit ${removedAtOnce} for update skip locked
  ) returning 1`

/** Creates the queues of a store, which is one of the holders of work. */
export function createPostgresQueues(parts: QueueParts): PostgresQueues {
  const queues = new Map<string, Queue>()
  return {
    queue(name) {
      checkName(parts.store, 'queue', name)
      const queue = queues.get(name) ?? createQueue(bytesOf(name), parts)
      queues.set(name, queue)
      return queue
    },
    async sweep() {
      while ((await parts.query(sweepStatement)).length === removedAtOnce);
    },
  }
}

function createQueue(queue: Buffer, { query, holders, store }: QueueParts): Queue {
  const { self } = holders
  /** Ids of work in the hands of this store. */
  const held = new Set<string>()
  let takes = 0
  /**
   * The takes whose answers were lost: what they took is in nobody's hands. They are kept, because the server may do such a
   * statement later.
   */
  let lost: readonly number[] = []
  holders.signWhile(() => held.size > 0 || lost.length > 0)

  async function remove(statement: string, ...values: readonly unknown[]) {
    const [row = {}] = await query(statement, [queue, ...values])
    return { known: Number(row['known']), removed: Number(row['removed']) }
  }

  /** Lets go of work, unless the server does not answer that it has done so. */
  async function letGo<T>(id: string, action: () => Promise<T>): Promise<T> {
    const isHeld = held.delete(id) // now, since it may be taken again before the answer is here
    try {
      return await action()
    } catch (error) {
      if (isHeld) held.add(id)
      throw error
    }
  }

  async function takeSome(now: number, count: number): Promise<readonly Row[]> {
    takes += 1
    const take = takes
    try {
      const rows = await query(takeStatement, [queue, now, count, self, take])
      for (const { id } of rows) held.add(textOf(id))
      return rows
    } catch (error) {
      lost = [...lost, take].slice(-mostLost)
      throw error
    }
  }

  async function takeAll(now: number, count: number): Promise<readonly QueuedWork[]> {
    const taken: Row[] = []
    for (let length = atOnce; length === atOnce && taken.length < count; ) {
      try {
        const rows = await takeSome(now, Math.min(atOnce, count - taken.length))
        taken.push(...rows)
        length = rows.length
      } catch (error) {
        // What has been taken is in nobody else's hands. The next call takes the rest.
        if (taken.length === 0) throw error
        break
      }
    }
    return taken.map(queuedIn)
  }

  return {
    async add(work, { limit, state = 'waiting', replace = false }) {
      checkQueued(store, work)
      for (;;) {
        const values = [queue, ...valuesOf(work, state), limit, replace]
        const [row] = await query(addStatement, values)
        if (row) return row['outcome'] as 'added' | 'exists' | 'full' // the statement has no others
        await query(groupStatement, [queue, bytesOf(work.group)])
      }
    },
    async take(now, count) {
      const found = await query(lookStatement, [queue, now, self, lost, ...holders.times])
      const { crashed, closed } = holders.goneIn(found)
      const gone = [...crashed, ...closed]
      const isUnsure = found.some(({ holder }) => holder === self)
      const [{ due, old } = {}] = found // the same in each row
      if (old === true) await remove(forgetStatement, now)
      if (gone.length > 0 || isUnsure) await query(freeStatement, [queue, gone, crashed, self, lost])
      else if (due !== true) return []
      await holders.enter()
      return takeAll(now, count)
    },
    async putBack(work, state = 'waiting') {
      checkQueued(store, work)
      const values = [queue, ...valuesOf(work, state), self]
      return (await letGo(work.id, () => query(putBackStatement, values))).length === 1
    },
    async finish(id) {
      checkName(store, 'id', id)
      return (await letGo(id, () => remove(finishStatement, bytesOf(id), self))).removed === 1
    },
    async cancel(id) {
      checkName(store, 'id', id)
      return (await remove(cancelStatement, bytesOf(id))).removed === 1
    },
    async removeGroup(group) {
      checkName(store, 'group', group)
      while ((await remove(removeGroupStatement, bytesOf(group))).known === removedAtOnce);
    },
    async get(id) {
      checkName(store, 'id', id)
      const statement = 'select * from hipchat_addon_queue where queue = $1 and id = $2'
      const [row] = await query(statement, [queue, bytesOf(id)])
      return row && listedIn(row)
    },
    async *list(state) {
      let last: Row | undefined = { due: -1, id: bytesOf('') }
      while (last) {
        const rows = await query(pageStatement, [queue, state, last['due'], last['id']])
        yield* rows.map(listedIn)
        last = rows[atOnce - 1]
      }
    },
    async counts() {
      const [row = {}] = await query(countsStatement, [queue])
      const { waiting, running, given_up, next } = row
      return {
        states: { waiting: Number(waiting), running: Number(running), 'given up': Number(given_up) },
        next: next === null ? undefined : Number(next),
      }
    },
  }
}

/** The values of a work and its state, in the order of {@link written}. */
const valuesOf = ({ id, group, due, attempt, crashes, work }: QueuedWork, state: WorkState) => [
  bytesOf(id),
  bytesOf(group),
  state,
  due,
  attempt,
  crashes,
  bytesOf(work),
]

const queuedIn = ({ id, group_name, due, attempt, crashes, work }: Row): QueuedWork => ({
  id: textOf(id),
  group: textOf(group_name),
  due: Number(due),
  attempt: Number(attempt),
  crashes: Number(crashes),
  work: textOf(work),
})

const listedIn = (row: Row): ListedWork => ({ ...queuedIn(row), state: row['state'] as WorkState }) // no others are written
