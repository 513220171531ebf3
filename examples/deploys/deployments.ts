/** One thing to deploy, and what became of it. */
export interface Deployment {
  readonly id: number
  readonly service: string
  readonly version: string
  /** Who asked for it. */
  readonly by: string
  readonly at: string
  readonly state: 'waiting' | 'approved' | 'refused'
  readonly decidedBy?: string
}

/** The little of an installation's values that is needed here. */
interface Store {
  get<T>(key: string): Promise<T | undefined>
  update<T>(key: string, change: (value: T | undefined) => T | undefined): Promise<T | undefined>
}

const key = 'deployments'
const kept = 50

/** Newest first. */
export const list = async (store: Store): Promise<readonly Deployment[]> =>
  (await store.get<Deployment[]>(key)) ?? []

/** Adds a deployment that waits for approval. */
export async function ask(
  store: Store,
  wanted: Pick<Deployment, 'service' | 'version' | 'by'>,
): Promise<Deployment> {
  const all = await store.update<Deployment[]>(key, (before = []) => {
    const id = 1 + (before[0]?.id ?? 0)
    return [{ id, ...wanted, at: new Date().toISOString(), state: 'waiting' as const }, ...before].slice(
      0,
      kept,
    )
  })
  const [added] = all ?? []
  if (!added) throw new Error('the deployment was not kept')
  return added
}

/** Approves or refuses one that waits. `undefined` if there is none with this id, or somebody was faster. */
export async function decide(
  store: Store,
  id: number,
  state: 'approved' | 'refused',
  decidedBy: string,
): Promise<Deployment | undefined> {
  let decided: Deployment | undefined
  await store.update<Deployment[]>(key, (before = []) =>
    before.map((one) => {
      if (one.id !== id || one.state !== 'waiting') return one
      decided = { ...one, state, decidedBy }
      return decided
    }),
  )
  return decided
}
