import { livenessOf, ownIdentity, type ProcessIdentity } from '../../common/process-identity.ts'
import { randomText } from '../../common/random.ts'
import type { Recovered } from '../store.ts'
import type { Query, Row } from './connection.ts'
import { afterPrefix, bytesOf, textOf, timeAfter } from './sql.ts'

/** The journal in the tables of a store. Keys have been checked, and times to live are in milliseconds. */
export interface PostgresJournal {
  /** Claims a key and records its work, in one statement; `null` claims it forever. */
  accept(key: string, life: number | null, work: string): Promise<boolean>
  /** Records that work which was taken over begins. */
  begin(key: string): Promise<void>
  /** Forgets the work. */
  finish(key: string): Promise<void>
  /** Ends the claim and forgets the work. */
  release(key: string): Promise<void>
  /** Takes over the work of stores that are gone. */
  recover(prefix: string): Promise<readonly Recovered[]>
  /** Removes holders without work that are gone. */
  sweep(): Promise<void>
  /** Leaves unfinished work to others. It gets its own query, since the store is closed for those of callers. */
  close(query: Query): Promise<void>
}

/** What a journal uses. */
export interface JournalParts {
  readonly query: Query
  /** Milliseconds since the last sign of life after which a holder is gone. */
  readonly lease: number
  /** Milliseconds since the server did not answer for the last time. */
  sinceOutage(): number
}

/** Records that are taken over by one statement, with up to 512 KiB each. */
const atOnce = 20

/** Takes a key, `$1`, for `$2` milliseconds or forever, and returns a row if it was free. */
export const claimStatement = `
  insert into hipchat_addon_claims (key, expires) values ($1, ${timeAfter('$2')})
  on conflict (key) do update set expires = excluded.expires
  where hipchat_addon_claims.expires <= clock_timestamp()
  returning key`

const acceptStatement = `
  with claimed as (${claimStatement})
  insert into hipchat_addon_journal (key, holder, attempt, crashes, begun, work)
  select key, $3, 1, 0, true, $4 from claimed
  on conflict (key) do update
  set holder = excluded.holder, attempt = 1, crashes = 0, begun = true, work = excluded.work, accepted = excluded.accepted
  returning key`

// The claim first, as `accept` does: in another order, the two could wait for each other.
const releaseStatement = `
  with ended as (delete from hipchat_addon_claims where key = $1 returning key)
  delete from hipchat_addon_journal where (select count(*) from ended) >= 0 and key = $1`

const inRange = `key >= $1 and ($2::bytea is null or key < $2)`

// Holders are written before their first work, so a holder that is missing was closed.
const holdersStatement = `
  select held.holder, holders.process,
    coalesce(holders.seen < clock_timestamp() - $3::float8 * interval '1 millisecond', true) as lapsed,
    holders.id is null as closed,
    clock_timestamp() - pg_postmaster_start_time() > $4::float8 * interval '1 millisecond' as settled
  from (select distinct holder from hipchat_addon_journal where ${inRange}) held
  left join hipchat_addon_holders holders on holders.id = held.holder`

// The names of those that are gone are given: a condition on the table of holders would be evaluated as of the beginning of
// the statement, when the one that was faster may not have been there.
const takeStatement = `
  with free as materialized (
    select key from hipchat_addon_journal
    where ${inRange} and (holder = any($3::text[]) or ($4 and holder = $5 and key <> all($6::bytea[])))
    order by accepted limit ${atOnce} for update skip locked
  )
  update hipchat_addon_journal journal
  set holder = $5,
    attempt = attempt + case when holder = $5 then 0 else 1 end,
    crashes = crashes + case when begun and holder = any($7::text[]) then 1 else 0 end,
    begun = begun and holder = $5
  from free where journal.key = free.key
  returning journal.key, journal.accepted, journal.attempt, journal.crashes, journal.work`

/**
 * Creates the journal of a store. The store is a holder of work, with a row in the database that has the time of its last sign
 * of life. It gives one every quarter of the lease while it holds work. A holder is gone when it was closed, when its process
 * is seen to have ended on this machine, or when its lease is over.
 *
 * While the server does not answer, no holder can give a sign. So for half a lease after it was started, and after it
 * answers again, no lease counts as over.
 */
export function createPostgresJournal({ query, lease, sinceOutage }: JournalParts): PostgresJournal {
  const self = randomText(20)
  const signEvery = lease / 4
  const settling = lease / 2
  /** Work in the hands of this process, or about to be. */
  const held = new Set<string>()
  let signed = Number.NEGATIVE_INFINITY
  /** All who wait for a sign share it: it writes one row. */
  let signing: Promise<void> | undefined
  let signs: NodeJS.Timeout | undefined
  let recovering: Promise<unknown> = Promise.resolve()
  /** Whether the answer to a takeover was lost, so that the store may hold work that it does not know. */
  let isUnsure = false

  async function sign(): Promise<void> {
    const asked = performance.now()
    await query(
      `insert into hipchat_addon_holders (id, process, seen) values ($1, $2, clock_timestamp())
       on conflict (id) do update set seen = excluded.seen`,
      [self, JSON.stringify(ownIdentity())],
    )
    signed = asked
  }

  /** Makes sure that the lease runs for a while: it is over after this process was suspended. */
  async function enter(): Promise<void> {
    if (performance.now() - signed > settling) {
      signing ??= sign().finally(() => {
        signing = undefined
      })
      await signing
    }
    signs ??= setInterval(() => {
      if (held.size > 0) sign().catch(() => undefined) // the next one may succeed
    }, signEvery).unref()
  }

  function hasCrashed({ holder, process, lapsed, closed, settled }: Row): boolean {
    if (holder === self || closed === true) return false
    const identity = JSON.parse(String(process)) as ProcessIdentity // written by `sign`
    if (identity.boot !== null && identity.boot === ownIdentity().boot && livenessOf(identity) === 'gone')
      return true
    return lapsed === true && settled === true && sinceOutage() > settling
  }

  async function recover(prefix: string): Promise<readonly Recovered[]> {
    const range = [bytesOf(prefix), afterPrefix(prefix)]
    const holders = await query(holdersStatement, [...range, lease, settling])
    const crashed = holders.filter(hasCrashed).map(({ holder }) => holder)
    const closed = holders.filter((one) => one['closed'] === true && one['holder'] !== self)
    const gone = [...crashed, ...closed.map(({ holder }) => holder)]
    if (gone.length === 0 && !isUnsure) return []
    await enter()
    const taken: Row[] = []
    try {
      for (let page = atOnce; page === atOnce; ) {
        const known = isUnsure ? [...held].map(bytesOf) : []
        const rows = await query(takeStatement, [...range, gone, isUnsure, self, known, crashed])
        for (const { key } of rows) held.add(textOf(key))
        taken.push(...rows)
        page = rows.length
      }
      isUnsure = false
    } catch (error) {
      isUnsure = true
      // What has been taken is in nobody else's hands. The next call takes the rest.
      if (taken.length === 0) throw error
    }
    return taken
      .sort((one, other) => Number(one['accepted']) - Number(other['accepted']))
      .map(({ key, attempt, crashes, work }) => ({
        id: textOf(key),
        attempt: Number(attempt),
        crashes: Number(crashes),
        work: textOf(work),
      }))
  }

  return {
    async accept(key, life, work) {
      await enter()
      const isHeld = held.has(key)
      held.add(key) // also if the answer is lost: then the work is left to the next process
      const rows = await query(acceptStatement, [bytesOf(key), life, self, bytesOf(work)])
      if (rows.length === 0 && !isHeld) held.delete(key)
      return rows.length === 1
    },
    async begin(key) {
      const statement = 'update hipchat_addon_journal set begun = true where key = $1 and holder = $2'
      await query(statement, [bytesOf(key), self])
    },
    async finish(key) {
      await query('delete from hipchat_addon_journal where key = $1', [bytesOf(key)])
      held.delete(key)
    },
    async release(key) {
      await query(releaseStatement, [bytesOf(key)])
      held.delete(key)
    },
    recover(prefix) {
      const result = recovering.then(() => recover(prefix))
      recovering = result.catch(() => undefined)
      return result
    },
    async sweep() {
      await query(`delete from hipchat_addon_holders where seen < now() - interval '1 day'
        and not exists (select from hipchat_addon_journal where holder = hipchat_addon_holders.id)`)
    },
    async close(last) {
      clearInterval(signs)
      if (signs) await last('delete from hipchat_addon_holders where id = $1', [self])
    },
  }
}
