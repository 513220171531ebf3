import { vi } from 'vitest'
import { jobId, scheduleId } from '../../src/addon/jobs/work.ts'
import type { Credentials, Installation } from '../../src/installations/installation.ts'
import { createInstallations } from '../../src/installations/installation-records.ts'
import { createSealing, type ListedWork, type WorkState } from '../../src/store/index.ts'
import { credentials } from '../client/support.ts'
import { createHistory, scheduleName } from './history.ts'
import {
  deliveryId,
  deliveryOf,
  jobNames,
  type SimulatedProcess,
  startProcess,
  type World,
} from './process.ts'
import { createRandom } from './random.ts'
import { all, createSharedStore, type Weather } from './shared-store.ts'
import { jump, pass, sleep, startTime } from './time.ts'

/** The weathers of the store: most simulations have the first one most of the time. */
const weathers = [
  { failures: 0, slow: 0.1, longest: 50 },
  { failures: 0.05, slow: 0.3, longest: 1_500 },
  { failures: 0.7, slow: 0.5, longest: 1_000 },
] as const satisfies readonly Weather[]

const calm: Weather = { failures: 0, slow: 0, longest: 0 }

/** Simulates some minutes of an add-on. Resolves with the rules that were broken, and all that happened. */
export async function simulate(
  seed: number,
): Promise<{ broken: readonly string[]; lines: readonly string[] }> {
  startTime()
  const random = createRandom(seed)
  vi.spyOn(Math, 'random').mockImplementation(() => random.between(0, 999) / 1000)
  const history = createHistory()
  const store = createSharedStore(random, history)
  const world: World = { random, history, store, maxJobs: random.one([1, 2, 3, 10]) }
  const most = random.between(1, 3)
  const isRough = random.chance(0.7)
  const sealed = createInstallations(store.healthy, createSealing())
  const installed: Credentials[] = []
  const processes: SimulatedProcess[] = []
  let numbers = 0
  let isEnding = false

  function start(version = random.one([0, 1, 1] as const)): void {
    const process = startProcess(world, `p${++numbers}`, version)
    history.note(`${process.holder.name} starts, version ${version}`)
    processes.push(process)
  }

  const live = (): SimulatedProcess[] => processes.filter(({ holder }) => holder.state === 'running')

  /** One of some; there must be one. */
  function any<T>(list: readonly T[]): T {
    const [first, ...others] = list
    if (first === undefined) throw new Error('there is none')
    return random.one([first, ...others])
  }

  async function install(plan = async (_: Installation): Promise<void> => {}): Promise<void> {
    const made = credentials({ oauthId: `client-${++numbers}` })
    await sealed.add(made)
    await plan(made.installation) // as the hooks do
    await sealed.confirm(made.installation)
    installed.push(made)
  }

  const installLater = (): Promise<void> => install(any(live()).jobs.plan)

  async function remove(): Promise<void> {
    const [gone] = installed.length > 1 ? installed.splice(random.between(0, installed.length - 1), 1) : []
    if (!gone) return
    const { installation } = gone
    history.removing(installation.oauthId)
    const by = any(live())
    if (await by.installations.remove(installation)) history.removed(installation.oauthId)
  }

  async function add(): Promise<void> {
    const { installation } = any(installed)
    const { added } = any(live())
    const name = any(random.chance(0.05) ? (['poison'] as const) : jobNames.filter((one) => one !== 'poison'))
    const number = ++numbers
    const id = random.chance(0.4) ? random.one(['a', 'b']) : `${number}`
    const queueId = jobId(name, installation.oauthId, id)
    const replace = random.chance(0.3)
    const delay = random.chance(0.5) ? 0 : random.between(1, 20_000)
    if (replace) history.removing(queueId)
    const answer = await added[name]?.add(installation, number, { id, delay, replace })
    if (answer?.added) history.acknowledged(`job ${number}`, queueId)
  }

  async function cancel(): Promise<void> {
    const { installation } = any(installed)
    const name = any(jobNames)
    const id = random.one(['a', 'b'])
    history.removing(jobId(name, installation.oauthId, id))
    await any(live()).added[name]?.cancel(installation, id)
  }

  async function deliver(): Promise<void> {
    const made = any(installed)
    const { oauthId } = made.installation
    const id = `${++numbers}`
    const isKept = await any(live()).jobs.retryLater(deliveryOf(id, made, 1), new Error('fails'))
    if (isKept) history.acknowledged(`delivery ${id}`, deliveryId(oauthId, id))
  }

  async function runNow(): Promise<void> {
    const ids: string[] = []
    for (const state of ['given up', 'waiting'] as const)
      for await (const { id } of store.queue.list(state)) ids.push(id)
    if (ids.length === 0) return
    const id = any(ids)
    history.runningNow(id)
    await any(live()).jobs.runNow(id)
  }

  const kill = (): void => {
    const { holder } = any(live())
    history.note(`${holder.name} is killed`)
    holder.state = 'killed'
  }

  const rough: readonly (() => unknown)[] = [
    kill,
    () => any(live()).close(),
    () => jump(random.between(-60_000, 60_000)),
    () => {
      store.weather = random.one([weathers[0], ...weathers])
    },
  ]
  const gentle: readonly (() => unknown)[] = [
    add,
    add,
    add,
    add,
    add,
    deliver,
    cancel,
    runNow,
    remove,
    installLater,
  ]

  /** Starts processes in place of those that have ended. */
  async function keepRunning(): Promise<void> {
    for (;;) {
      if (isEnding ? !live().some(({ version }) => version === 1) : live().length < most)
        start(isEnding ? 1 : undefined)
      await sleep(live().length === 0 ? 0 : random.between(0, 4_000))
    }
  }

  async function actions(): Promise<void> {
    for (let count = 25; count > 0; count -= 1) {
      await sleep(random.between(0, 1_000))
      const act = any(isRough && random.chance(0.25) ? rough : gentle)
      if (live().length > 0)
        Promise.resolve(act()).catch((error) => history.note(`${act.name}: ${error.message}`))
    }
  }

  /** Everything works now, so that all works come to their ends. Times that are far ahead are skipped. */
  async function comeToAnEnd(): Promise<void> {
    store.weather = calm
    isEnding = true
    for (let turns = 0; turns < 500; turns += 1) {
      await pass(1_000)
      // Until then they may always be the first to take what they do not know.
      if (turns === 60) for (const process of live()) if (process.version === 0) void process.close()
      const left = (await listed('waiting')).filter(({ id }) => !id.startsWith('schedule:'))
      if (left.length === 0 && (await listed('running')).length === 0 && (await unplanned()).length === 0)
        return
      const ahead = (left[0]?.due ?? 0) - Date.now()
      if (ahead > 2_000 && (await listed('running')).length === 0) jump(ahead - random.between(0, 1_500))
    }
    const about = [...(await unplanned()), ...(await listed('waiting')), ...(await listed('running'))]
    history.breaks(`not all has come to its end: ${about.map(({ id }) => id).join(' ')}`)
  }

  /** Installations whose schedule is not in the queue. */
  async function unplanned(): Promise<{ readonly id: string }[]> {
    const ids = installed.map(({ installation }) => ({ id: scheduleId(scheduleName, installation.oauthId) }))
    const found = await Promise.all(ids.map(({ id }) => store.queue.get(id)))
    return ids.filter((_, index) => !found[index])
  }

  const listed = (state: WorkState): Promise<ListedWork[]> => all(store.queue.list(state))

  for (let count = 0; count < 2; count += 1) await install()
  void keepRunning()
  void actions()
  await pass(30_000)
  await comeToAnEnd()
  const left = [...(await listed('waiting')), ...(await listed('running')), ...(await listed('given up'))]
  history.end(left, (id) => id.split(':')[2] ?? '')
  for (const { holder } of processes) holder.state = 'killed'
  await store.healthy.close()
  return history
}
