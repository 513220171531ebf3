/** A task of the room. */
export interface Task {
  readonly id: number
  readonly text: string
}

/** The methods of an installation's store that are needed here. */
interface Store {
  get<T>(key: string): Promise<T | undefined>
  update<T>(key: string, change: (value: T | undefined) => T | undefined): Promise<T | undefined>
}

interface List {
  readonly lastId: number
  readonly open: readonly Task[]
}

const key = 'tasks'
const empty: List = { lastId: 0, open: [] }

/** The open tasks, oldest first. */
export const openTasks = async (store: Store): Promise<readonly Task[]> =>
  (await store.get<List>(key))?.open ?? []

/** Adds a task. Returns `undefined` if there are already `most` tasks. */
export async function addTask(store: Store, text: string, most: number): Promise<Task | undefined> {
  let added: Task | undefined
  // In one step, so that nothing is lost when two people write at the same time.
  await store.update<List>(key, (before = empty) => {
    if (before.open.length >= most) return before
    added = { id: before.lastId + 1, text }
    return { lastId: added.id, open: [...before.open, added] }
  })
  return added
}

/** Removes a finished task. Returns `undefined` if it was already removed. */
export async function finishTask(store: Store, id: number): Promise<Task | undefined> {
  let finished: Task | undefined
  await store.update<List>(key, (before = empty) => {
    finished = before.open.find((task) => task.id === id)
    return { ...before, open: before.open.filter((task) => task !== finished) }
  })
  return finished
}
