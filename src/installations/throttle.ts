/**
 * Limits work that anyone can request. For each key it runs one at a time, with a limited rate. Above the
 * rate, a caller gets the result of the last run, and the work runs again as soon as the rate allows, so that
 * no request is lost.
 */
export interface Throttle<T> {
  /** Resolves with the result of a run that started after this call, or, above the rate, of the last run. */
  run(key: string, work: () => Promise<T>): Promise<T>
  /** Cancels the runs that are scheduled for later. */
  close(): void
}

/** The rate of a {@link Throttle}. */
export interface ThrottleOptions {
  /** How many runs may follow each other at once. */
  readonly burst: number
  /** Milliseconds after which one more run is allowed. */
  readonly every: number
}

interface Lane<T> {
  /** How many runs were allowed at the time `counted`. */
  left: number
  counted: number
  running: Promise<T> | undefined
  /** Starts when `running` has ended; shared by all callers until then. */
  next: Promise<T> | undefined
  last: Promise<T> | undefined
  timer: NodeJS.Timeout | undefined
}

const mostLanes = 10_000

export function createThrottle<T>({ burst, every }: ThrottleOptions): Throttle<T> {
  const lanes = new Map<string, Lane<T>>()
  let closed = false

  function laneOf(key: string): Lane<T> {
    let lane = lanes.get(key)
    if (!lane) {
      if (lanes.size >= mostLanes) forgetIdle()
      lane = {
        left: burst,
        counted: Date.now(),
        running: undefined,
        next: undefined,
        last: undefined,
        timer: undefined,
      }
      lanes.set(key, lane)
    }
    return lane
  }

  function count(lane: Lane<T>): number {
    const now = Date.now()
    // If the clock was set back, the lane must not stay blocked until it has caught up.
    const passed = Math.max(0, Math.floor((now - lane.counted) / every))
    lane.left = Math.min(burst, lane.left + passed)
    lane.counted = lane.left === burst || now < lane.counted ? now : lane.counted + passed * every
    return lane.left
  }

  function forgetIdle(): void {
    for (const [key, lane] of lanes)
      if (!lane.running && !lane.next && !lane.timer && count(lane) === burst) lanes.delete(key)
  }

  function begin(lane: Lane<T>, work: () => Promise<T>): Promise<T> {
    lane.left -= 1
    const running = work()
    lane.running = running
    lane.last = running
    const end = (): void => {
      lane.running = undefined
    }
    running.then(end, end)
    return running
  }

  /** Schedules another run: the last caller may know of something newer than the last result. */
  function beginLater(lane: Lane<T>, work: () => Promise<T>): void {
    if (closed) return
    lane.timer ??= setTimeout(() => {
      lane.timer = undefined
      if (closed || lane.running || lane.next) return
      count(lane)
      begin(lane, work).catch(() => {}) // the callers already have their answers
    }, every).unref()
  }

  return {
    run(key, work) {
      const lane = laneOf(key)
      if (lane.next) return lane.next
      const { running, last } = lane
      if (count(lane) < 1 && last) {
        beginLater(lane, work)
        return last
      }
      if (!running) return begin(lane, work)
      const next = running
        .catch(() => {})
        .then(() => {
          lane.next = undefined
          return begin(lane, work)
        })
      lane.next = next
      return next
    },
    close() {
      closed = true
      for (const { timer } of lanes.values()) clearTimeout(timer)
    },
  }
}
