import type { ApiCall, DeliveryRecord, HipChatServer, Log } from '../server/index.ts'

/** Receives everything that happens between a server and its add-ons. */
export interface Watcher {
  /** A delivery was answered or failed. */
  delivery(delivery: DeliveryRecord): void
  /** An add-on's call was answered. */
  call(call: ApiCall): void
  /** The server logged a warning or an error. */
  problem(text: string): void
}

/**
 * Creates a log for a server in this process that reports to the watcher. The server logs a line at the end of a delivery or
 * a call; the full record is then read from the server.
 */
export function activityLog(server: () => HipChatServer, watcher: Watcher): Log {
  let lastDelivery = 0
  let lastCall = 0

  function tellNew(): void {
    for (const delivery of server().deliveries())
      if (delivery.id > lastDelivery) {
        lastDelivery = delivery.id
        watcher.delivery(delivery)
      }
    for (const call of server().calls())
      if (call.id > lastCall) {
        lastCall = call.id
        watcher.call(call)
      }
  }

  const said = (about: object, message: string): void => {
    if (message === 'installation refused') return // the caller gets the reason
    const reason = 'err' in about && about.err instanceof Error ? about.err.message : undefined
    const error = 'error' in about && typeof about.error === 'string' ? about.error : reason
    watcher.problem(error === undefined ? message : `${message}: ${error}`)
  }

  return {
    info(_, message) {
      if (message === 'delivery' || message === 'request') tellNew()
    },
    warn: said,
    error: said,
  }
}
