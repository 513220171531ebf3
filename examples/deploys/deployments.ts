/** A requested deployment and its state. */
export interface Deployment {
  readonly id: number
  readonly service: string
  readonly version: string
  /** The name of the person who asked for it. */
  readonly by: string
  readonly at: string
  readonly state: 'waiting' | 'approved' | 'refused'
  readonly decidedBy?: string
}

/** The methods of an installation's store that are needed here. */
interface Store {
  get<T>(key: string): Promise<T | undefined>
  update<T>(key: string, change: (value: T | undefined) => T | undefined): Promise<T | undefined>
}

const key = 'deployments'
const maximum = 50

/** Newest first. */
export const list = async (store: Store): Promise<readonly Deployment[]> =>
  (await store.get<Deployment[]>(key)) ?? []

/** Adds a deployment, which waits for approval. */
export async function ask(
  store: Store,
  request: Pick<Deployment, 'service' | 'version' | 'by'>,
): Promise<Deployment> {
  const all = await store.update<Deployment[]>(key, (before = []) => {
    const id = 1 + (before[0]?.id ?? 0)
    return [{ id, ...request, at: new Date().toISOString(), state: 'waiting' as const }, ...before].slice(
      0,
      maximum,
    )
  })
  const [added] = all ?? []
  if (!added) throw new Error('the deployment was not stored')
  return added
}

/** Approves or refuses a waiting deployment. Returns `undefined` if none with this id is waiting any more. */
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
