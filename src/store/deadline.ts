/** The time given to {@link within} is over. */
export class DeadlineError extends Error {
  override name = 'DeadlineError'
}

/**
 * Waits for `work`, but not longer than `milliseconds`; then calls `late` and rejects with a `DeadlineError`.
 *
 * An answer that arrived while this process itself was busy counts: Node runs timers before it reads sockets, so the
 * verdict waits for one more turn.
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
