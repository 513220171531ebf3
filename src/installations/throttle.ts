/**
 * Work for somebody that anybody can ask for. Per key it is done once at a time and so often at most; whoever asks too
 * often is told the last outcome, and it is done once more as soon as it may, so that nothing that was asked for is lost.
 */
export interface Throttle<T> {
  /** Resolves with the outcome of work that began after this call, or, when that is too often, of the last one. */
  run(key: string, work: () => Promise<T>): Promise<T>
  /** Begins nothing more by itself. */
  close(): void
}

export interface ThrottleOptions {
  /** How often in a row. */
  readonly burst: number
  /** Milliseconds after which it may be once more. */
  readonly every: number
}

interface Lane<T> {
  /** How often it may be done now, counted at `counted`. */
  left: number
  counted: number
  running: Promise<T> | undefined
  /** Begins when `running` has ended: for all who ask from now on. */
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
    // A clock that was set back must not close the lane until it has caught up.
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

  /** Once more as soon as it may be: who asked last may know of something newer than the last outcome. */
  function beginLater(lane: Lane<T>, work: () => Promise<T>): void {
    if (closed) return
    lane.timer ??= setTimeout(() => {
      lane.timer = undefined
      if (closed || lane.running || lane.next) return
      count(lane)
      begin(lane, work).catch(() => {}) // whoever asked has been answered
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
