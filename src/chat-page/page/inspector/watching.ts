import { signal } from '@preact/signals'
import type { ResultOf } from '../../../api/operation.ts'
import { wholeList } from '../../../common/whole-list.ts'
import type { ApiCall } from '../../../server/addons/api-call-log.ts'
import type { administration } from '../../../server/admin/routes.ts'
import { call } from '../api.ts'
import { hear, roomOf } from '../store.ts'
import { createArriving } from './arriving.ts'

/** A delivery as the administration lists it. */
export type Delivery = ResultOf<typeof administration.getDelivery>
/** An installation as the administration lists it. */
export type Installation = ResultOf<typeof administration.listInstallations>['items'][number]

/** The deliveries that the inspector lists. */
export const deliveries = createArriving<Delivery>()
/** The API calls that it lists. */
export const calls = createArriving<ApiCall>()
/** All installations. */
export const installations = signal<readonly Installation[]>([])
/** Why some of it could not be loaded. */
export const failed = signal('')

const most = 200 // that the server lists
const pause = 100 // milliseconds in which deliveries are gathered
const fewest = 8 // that are requested together

/** Loads the current data, and then whatever follows, until it is stopped. */
export function watch(): () => void {
  let stopped = false
  let round = 0
  let told = new Set<number>()
  let timer: ReturnType<typeof setTimeout> | undefined

  async function tried(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      failed.value = ''
    } catch (error) {
      failed.value = error instanceof Error ? error.message : String(error)
    }
  }

  const loadInstallations = () =>
    tried(async () => {
      const items = await wholeList((more) => call('listInstallations', more))
      if (!stopped) installations.value = items
    })

  const loadAll = () => {
    round += 1
    const mine = round
    deliveries.restart()
    calls.restart()
    return tried(async () => {
      const [sent, asked] = await Promise.all([
        call('listDeliveries', { limit: most }),
        call('listCalls', { limit: 500 }),
      ])
      if (stopped || mine !== round) return
      // Added, not replaced: something may have arrived since the lists were made.
      deliveries.add(sent.items)
      calls.add(asked.items)
    })
  }

  async function loadTold(): Promise<void> {
    timer = undefined
    const ids = [...told]
    told = new Set()
    await tried(async () => {
      const found =
        ids.length < fewest
          ? await Promise.all(ids.map((id) => call('getDelivery', { id })))
          : (await call('listDeliveries', { limit: most })).items
      if (!stopped) deliveries.add(found)
    })
    await loadInstallations() // they contain the time of the last delivery
  }

  void loadAll()
  void loadInstallations()
  const ends = [
    hear('delivery', ({ id }) => {
      told.add(id)
      timer ??= setTimeout(loadTold, pause)
    }),
    hear('call', (asked) => calls.add([asked])),
    hear('integrations', () => void loadInstallations()),
    hear('reset', () => {
      void loadAll()
      void loadInstallations()
    }),
  ]
  return () => {
    stopped = true
    clearTimeout(timer)
    for (const end of ends) end()
  }
}

/** The name of an add-on by its OAuth id; a removed one has only the id. */
export const addonName = (oauthId: string | null): string => {
  if (oauthId === null) return 'A user’s webhook'
  return (
    installations.value.find((one) => one.oauthId === oauthId)?.name ?? `Removed (${oauthId.slice(0, 8)})`
  )
}

/** The name of a room for a list, where null stands for the whole group. */
export const roomName = (id: number | null): string =>
  id === null ? 'The whole group' : (roomOf(id)?.name ?? `Room ${id}`)

/** When something happened, to the second; the title has the rest. */
export const clock = (at: string): string =>
  new Date(at).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  })
