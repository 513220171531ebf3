import type { ApiCall, DeliveryRecord, HipChatServer, Log } from '../server/index.ts'

/** Somebody who is told of everything that goes to and fro between a server and its add-ons. */
export interface Watcher {
  delivery(delivery: DeliveryRecord): void
  call(call: ApiCall): void
  /** What the server itself warns of. */
  problem(text: string): void
}

/**
 * A log for a server in this process that tells the watcher what is new. The server writes a line when a delivery or a call is
 * over; what it was is asked of the server then, where it is kept in full.
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
    if (message === 'installation refused') return // whoever asked for it is told
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
