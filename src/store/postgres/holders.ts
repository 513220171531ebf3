import { livenessOf, ownIdentity, type ProcessIdentity } from '../../common/process-identity.ts'
import { randomText } from '../../common/random.ts'
import type { Query, Row } from './connection.ts'

/** The stores that hold unfinished work in a database, each with a row. */
export interface PostgresHolders {
  /** The name of this store among them. */
  readonly self: string
  /** The parameters of {@link holdersOf}, in milliseconds. */
  readonly times: readonly [lease: number, settling: number]
  /** Has this store give signs of life while it holds work, once it has entered. */
  signWhile(holdsWork: () => boolean): void
  /** Makes sure that the lease of this store runs for a while; before work gets into its hands. */
  enter(): Promise<void>
  /** Those that are gone, among the rows of {@link holdersOf}. */
  goneIn(rows: readonly Row[]): Gone
  /** Removes holders without work that are gone. */
  sweep(): Promise<void>
  /** Leaves unfinished work to others. It gets its own query, since the store is closed for those of callers. */
  close(query: Query): Promise<void>
}

/** Names of holders that are gone. */
export interface Gone {
  /** They ended without being closed. */
  readonly crashed: readonly string[]
  readonly closed: readonly string[]
}

/** What the holders of a store use. */
export interface HolderParts {
  readonly query: Query
  /** Milliseconds since the last sign of life after which a holder is gone. */
  readonly lease: number
  /** Milliseconds since the server did not answer for the last time. */
  sinceOutage(): number
}

/**
 * Selects what {@link PostgresHolders.goneIn} asks of the holders that a query has in its column `holder`. Two parameters get
 * {@link PostgresHolders.times}. Holders are written before their first work, so one that is missing was closed.
 */
export const holdersOf = (held: string, lease: string, settling: string): string => `
  select held.holder, holders.process,
    coalesce(holders.seen < clock_timestamp() - ${lease}::float8 * interval '1 millisecond', true) as lapsed,
    holders.id is null as closed,
    clock_timestamp() - pg_postmaster_start_time() > ${settling}::float8 * interval '1 millisecond' as settled
  from (${held}) held
  left join hipchat_addon_holders holders on holders.id = held.holder`

/**
 * Creates the list of holders for a store, which is one of them: it has a row with the time of its last sign of life. It gives
 * one every quarter of the lease while it holds work. A holder is gone when it was closed, when its process is seen to have
 * ended on this machine, or when its lease is over.
 *
 * While the server does not answer, no holder can give a sign. So for half a lease after it was started, and after it
 * answers again, no lease counts as over.
 */
export function createPostgresHolders({ query, lease, sinceOutage }: HolderParts): PostgresHolders {
  const self = randomText(20)
  const signEvery = lease / 4
  const settling = lease / 2
  const holding: (() => boolean)[] = []
  let signed = Number.NEGATIVE_INFINITY
  /** All who wait for a sign share it: it writes one row. */
  let signing: Promise<void> | undefined
  let signs: NodeJS.Timeout | undefined

  async function sign(): Promise<void> {
    const asked = performance.now()
    await query(
      `insert into hipchat_addon_holders (id, process, seen) values ($1, $2, clock_timestamp())
       on conflict (id) do update set seen = excluded.seen`,
      [self, JSON.stringify(ownIdentity())],
    )
    signed = asked
  }

  function hasCrashed({ process, lapsed, settled }: Row): boolean {
    const identity = JSON.parse(String(process)) as ProcessIdentity // written by `sign`
    if (identity.boot !== null && identity.boot === ownIdentity().boot && livenessOf(identity) === 'gone')
      return true
    return lapsed === true && settled === true && sinceOutage() > settling
  }

  return {
    self,
    times: [lease, settling],
    signWhile: (holdsWork) => void holding.push(holdsWork),
    async enter() {
      // Also after this process was suspended: then the lease may be over.
      if (performance.now() - signed > settling) {
        signing ??= sign().finally(() => {
          signing = undefined
        })
        await signing
      }
      signs ??= setInterval(() => {
        if (holding.some((holdsWork) => holdsWork())) sign().catch(() => undefined) // the next one may succeed
      }, signEvery).unref()
    },
    goneIn(rows) {
      const others = rows.filter(({ holder }) => holder !== null && holder !== self)
      const namesOf = (some: readonly Row[]): string[] => some.map(({ holder }) => String(holder))
      return {
        crashed: namesOf(others.filter((row) => row['closed'] !== true && hasCrashed(row))),
        closed: namesOf(others.filter((row) => row['closed'] === true)),
      }
    },
    async sweep() {
      await query(`delete from hipchat_addon_holders holders where seen < now() - interval '1 day'
        and not exists (select from hipchat_addon_journal where holder = holders.id)
        and not exists (select from hipchat_addon_queue where state = 'running' and holder = holders.id)`)
    },
    async close(last) {
      clearInterval(signs)
      if (signs) await last('delete from hipchat_addon_holders where id = $1', [self])
    },
  }
}
