import { type AgentOptions, type ClientRequest, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Socket } from 'node:net'

/** Milliseconds after which an unused connection is closed. Many servers and proxies close theirs after five seconds. */
const idle = 4000
/** Milliseconds by which a connection is closed before the time that the peer announced. */
const margin = 1000

/** A pair of agents, one for each scheme. */
export interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

/** The connections for outgoing requests. */
export interface Connections {
  /** Keep connections for the next request, but for a shorter time than the peer does. */
  readonly agent: Agents
  /** Open a new connection for each request. */
  readonly freshAgent: Agents
  /** Closes all connections. */
  close(): void
}

/** Creates agents with these settings; `ca` replaces the public certificate authorities. */
export function createConnections(settings: AgentOptions, ca: string[] | undefined): Connections {
  const secure = ca ? { ...settings, ca } : settings
  const agent = {
    http: retiring(new HttpAgent({ ...settings, keepAlive: true })),
    https: retiring(new HttpsAgent({ ...secure, keepAlive: true })),
  }
  const freshAgent = { http: new HttpAgent(settings), https: new HttpsAgent(secure) }
  return {
    agent,
    freshAgent,
    close() {
      for (const { http, https } of [agent, freshAgent]) {
        http.destroy()
        https.destroy()
      }
    },
  }
}

function retiring<A extends HttpAgent>(agent: A): A {
  const { keepSocketAlive, reuseSocket } = agent
  // The types say that an agent has streams; these two agents have sockets.
  // When its timeout is over, an agent closes an idle socket, but not one in use.
  agent.keepSocketAlive = (socket) => {
    const kept: unknown = keepSocketAlive.call(agent, socket) // the types lack the boolean that it returns
    const time = Math.min(idle, (announced.get(socket as Socket) ?? Number.POSITIVE_INFINITY) - margin)
    if (kept === false || time <= 0) return false
    ;(socket as Socket).setTimeout(time)
    return true
  }
  agent.reuseSocket = (socket, request) => {
    ;(socket as Socket).setTimeout(0)
    reuseSocket.call(agent, socket, request)
  }
  return agent
}

/** How long peers keep a connection by their own announcement, in milliseconds. */
const announced = new WeakMap<Socket, number>()

/** How far a request got on its connection. */
export interface Progress {
  /** There was a connection, but the TLS handshake was not complete: nothing was sent. */
  readonly unsecured: boolean
  /** It was sent on a reused connection, and no answer began. */
  readonly lost: boolean
}

/** Tracks a request; returns a function that reports how far it got. */
export function follow(request: ClientRequest): () => Progress {
  let socket: Socket | undefined
  let unsecured = false
  let before = 0
  request.once('socket', (given) => {
    socket = given
    before = given.bytesRead
    if (request.reusedSocket || !('encrypted' in given)) return
    given.once('connect', () => {
      unsecured = true
    })
    given.once('secureConnect', () => {
      unsecured = false
    })
  })
  request.once('response', ({ headers, socket: own }) => {
    const seconds = /(?:^|[\s,])timeout=(\d{1,6})/i.exec(String(headers['keep-alive']))?.[1]
    if (seconds !== undefined) announced.set(own, Number(seconds) * 1000)
  })
  return () => ({
    unsecured,
    lost: request.reusedSocket && socket !== undefined && socket.bytesRead === before,
  })
}

/** Whether an error means that there was no connection: a name was not found, or the connection was refused. */
export function isUnconnected(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isUnconnected)
  if (!(error instanceof Error)) return false
  if ('syscall' in error) return error.syscall === 'connect' || error.syscall === 'getaddrinfo'
  return isUnconnected(error.cause)
}
