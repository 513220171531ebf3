import { calls } from 'virtual:calls'
import type { Operation, Parameters, ResultOf } from '../../api/operation.ts'
import type { Operations } from '../../api/operations/index.ts'
import type { administration } from '../../server/admin/routes.ts'
import type { pageApi } from '../../server/chat-page/routes.ts'
import { session, signedOut } from './session.ts'

type Table = Operations & typeof administration & typeof pageApi

/** A call that the server refused, with the server's message. */
export class CallError extends Error {
  override name = 'CallError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * Calls an operation of the server's tables as the signed-in person. Rejects with a {@link CallError}, whose
 * message is for people: the server's own, or that the server cannot be reached (status 0). An expired session leads
 * back to the sign-in page.
 */
export async function call<Id extends keyof Table & string>(
  id: Id,
  ...[parameters]: Record<string, never> extends Parameters<Table[Id] & Operation>
    ? [parameters?: Parameters<Table[Id] & Operation>]
    : [parameters: Parameters<Table[Id] & Operation>]
): Promise<ResultOf<Table[Id] & Operation>> {
  const [method, path, type, query, member] = calls[id] ?? ['GET', `/unknown/${id}`, null, [], null]
  const rest = new Map<string, unknown>(Object.entries(parameters ?? {}))
  const take = (name: string) => {
    const value = rest.get(name)
    rest.delete(name)
    return value
  }
  let address = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(take(name))))
  const search = new URLSearchParams()
  for (const name of query) {
    const value = take(name)
    if (value !== undefined) search.set(name, String(value))
  }
  if (search.size > 0) address += `?${search}`
  const body = type === null ? undefined : JSON.stringify(Object.fromEntries(rest))
  const answer = await send(method, address, {
    ...(body === undefined ? {} : { body, type: 'application/json' }),
  })
  // The table describes the server's answer.
  const result = member === null ? answer : (answer as Record<string, unknown>)[member]
  return result as ResultOf<Table[Id] & Operation>
}

/** The reason for a failure, for the person. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

interface Sending {
  readonly body?: BodyInit
  readonly type?: string
  readonly signal?: AbortSignal
}

/** One request to the server, with the token of the session. */
export async function send(
  method: string,
  address: string,
  { body, type, signal }: Sending = {},
): Promise<unknown> {
  const token = session.value?.token
  let answer: Response
  try {
    answer = await fetch(address, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(type === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body }),
      ...(signal ? { signal } : {}),
      credentials: 'omit',
    })
  } catch {
    throw new CallError(0, 'The server cannot be reached.')
  }
  const text = await answer.text()
  const content = /json/.test(answer.headers.get('content-type') ?? '') && text ? JSON.parse(text) : undefined
  if (answer.ok) return content
  if (answer.status === 401 && token !== undefined && token === session.value?.token) signedOut()
  throw new CallError(answer.status, content?.error?.message ?? `The server answered ${answer.status}.`)
}
