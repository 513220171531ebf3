/** One thing that the room has to do. */
export interface Task {
  readonly id: number
  readonly text: string
}

/** The little of an installation's values that is needed here. */
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

/** What is to be done, oldest first. */
export const openTasks = async (store: Store): Promise<readonly Task[]> =>
  (await store.get<List>(key))?.open ?? []

/** Adds a task, unless there are `most` already: then it gives `undefined`. */
export async function addTask(store: Store, text: string, most: number): Promise<Task | undefined> {
  let added: Task | undefined
  // In one step, so that nothing is lost when two people are quick.
  await store.update<List>(key, (before = empty) => {
    if (before.open.length >= most) return before
    added = { id: before.lastId + 1, text }
    return { lastId: added.id, open: [...before.open, added] }
  })
  return added
}

/** Removes a task that is done. `undefined` if somebody was faster. */
export async function finishTask(store: Store, id: number): Promise<Task | undefined> {
  let finished: Task | undefined
  await store.update<List>(key, (before = empty) => {
    finished = before.open.find((task) => task.id === id)
    return { ...before, open: before.open.filter((task) => task !== finished) }
  })
  return finished
}
