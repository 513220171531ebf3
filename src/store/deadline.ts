/** {@link within} waited too long. */
export class DeadlineError extends Error {
  override name = 'DeadlineError'
}

/**
 * Waits for `work`, but at most `milliseconds`; then calls `late` and rejects with a `DeadlineError`.
 *
 * An answer that arrived while this process was busy counts: Node runs timers before it reads sockets, so the decision
 * waits for one more turn of the event loop.
 */
export function within<T>(milliseconds: number, work: Promise<T>, late: () => void = () => {}): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false
    const timer = setTimeout(() => {
      setImmediate(() => {
        if (over) return
        over = true
        late()
        reject(new DeadlineError(`no answer within ${milliseconds} ms`))
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
