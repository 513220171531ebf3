/** {@link withDeadline} waited too long. */
export class DeadlineError extends Error {
  override name = 'DeadlineError'
}

/** Waits for `work`, but at most `milliseconds`; then calls `late` and rejects with a {@link DeadlineError}. */
export const withDeadline = <T>(
  milliseconds: number,
  work: Promise<T>,
  late: () => void = () => {},
): Promise<T> =>
  unlessLate<T>(milliseconds, work, (_, reject) => {
    late()
    reject(new DeadlineError(`no answer within ${milliseconds} ms`))
  })

/** Waits for `work`, but at most `milliseconds`; then resolves with `undefined`. */
export const resultWithin = <T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> =>
  unlessLate<T | undefined>(milliseconds, work, (resolve) => resolve(undefined))

/**
 * An answer that arrived while this process was busy counts: Node runs timers before it reads sockets, so the decision
 * waits for one more turn of the event loop.
 */
function unlessLate<T>(
  milliseconds: number,
  work: Promise<T>,
  late: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false
    const timer = setTimeout(() => {
      setImmediate(() => {
        if (over) return
        over = true
        late(resolve, reject)
      })
    }, milliseconds)
    const settle = (): void => {
      over = true
      clearTimeout(timer)
    }
    work.then(settle, settle)
    work.then(resolve, reject)
  })
}
