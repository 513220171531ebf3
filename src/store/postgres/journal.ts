import type { Recovered } from '../store.ts'
import type { Query, Row } from './connection.ts'
import { holdersOf, type PostgresHolders } from './holders.ts'
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
}

/** What a journal uses. */
export interface JournalParts {
  readonly query: Query
  readonly holders: PostgresHolders
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

const holdersStatement = holdersOf(
  `select distinct holder from hipchat_addon_journal where ${inRange}`,
  '$3',
  '$4',
)

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

/** Creates the journal of a store, which is one of the holders of work. */
export function createPostgresJournal({ query, holders }: JournalParts): PostgresJournal {
  const { self } = holders
  /** Work in the hands of this process, or about to be. */
  const held = new Set<string>()
  let recovering: Promise<unknown> = Promise.resolve()
  /** Whether the answer to a takeover was lost, so that the store may hold work that it does not know. */
  let isUnsure = false
  holders.signWhile(() => held.size > 0)

  async function recover(prefix: string): Promise<readonly Recovered[]> {
    const range = [bytesOf(prefix), afterPrefix(prefix)]
    const found = await query(holdersStatement, [...range, ...holders.times])
    const { crashed, closed } = holders.goneIn(found)
    const gone = [...crashed, ...closed]
    if (gone.length === 0 && !isUnsure) return []
    await holders.enter()
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
      await holders.enter()
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
  }
}
