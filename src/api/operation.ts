import type { Infer, Received, Schema, Simplify } from '../common/schema.ts'
import { oneOf, string } from '../common/schema.ts'
import type { Scope } from './scopes.ts'

/**
 * Kinds of token, by what the holder acts as: an add-on installed for the group or in one room, a user (through an
 * add-on or with a personal token), or a mere sender in one room. `basic` is not a token but the OAuth client itself.
 */
export type TokenKind = 'addon_group' | 'addon_room' | 'user' | 'personal' | 'room_notification' | 'basic'

/**
 * Deviations from the exact form that real clients sent. A server converts these to the exact form before it validates;
 * this project's client never sends them.
 *
 * - `form`, `json`, `text`: the body in another content type (text: the bare `message`)
 * - `boolean-text`: the strings "true" and "false" for a boolean
 * - `number-id`: a number where the id is a string
 * - `list-text`: a list of scopes instead of one string with spaces between them
 */
export type Relaxation = 'form' | 'json' | 'text' | 'boolean-text' | 'number-id' | 'list-text'

/** The request body of an operation. */
export interface Body {
  /** In `multipart/related` each member is a part with its name: a file if its schema is `filePart`, JSON otherwise. */
  readonly type: 'json' | 'form' | 'multipart/related' | 'text'
  readonly schema: Schema
  readonly relaxations?: readonly Relaxation[]
  /** Other names that clients used for members: `{ theirs: ours }`. */
  readonly aliases?: Readonly<Record<string, string>>
  /** A call without a body counts as a call with an empty object. */
  readonly optional?: true
}

/** The successful answer of an operation. */
export type Result =
  | {
      readonly kind: 'json'
      readonly status: 200 | 201
      readonly schema: Schema
      /** On the wire the result is the one member of an object, under this name. */
      readonly member?: string
    }
  | { readonly kind: 'empty'; readonly status: 201 | 204 }
  | { readonly kind: 'redirect'; readonly status: 302 }

/** A result as it is on the wire. */
export const wrapped = (result: Result, value: unknown): unknown =>
  result.kind === 'json' && result.member !== undefined ? { [result.member]: value } : value

/** The result in an answer. A server that answers with the bare result is understood, too. */
export function unwrapped(result: Result, answer: unknown): unknown {
  if (result.kind !== 'json' || result.member === undefined) return answer
  if (typeof answer !== 'object' || answer === null) return answer
  const inner = (answer as Readonly<Record<string, unknown>>)[result.member] // any member of an object is unknown
  return typeof inner === 'object' && inner !== null ? inner : answer
}

/**
 * How all pages of a collection are read: by `start-index` (`offset`), by naming the oldest message seen
 * (`not-before`), or not at all.
 */
export type Paging = 'offset' | 'not-before' | 'none'

/**
 * One operation of HipChat's REST API v2. The table of operations is the only place that knows verbs, paths, scopes and
 * shapes: the client's methods and types, the server's routes, and the validation on both sides come from it.
 */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Path below the API's base address, with parameters in braces, each of one path segment. */
  readonly path: `/${string}`
  /** One sentence for the reference. */
  readonly summary: string
  /** Any one of these scopes is enough; no scope is needed when the list is empty. */
  readonly scopes: readonly Scope[]
  /** The kinds of token that may call it; no token is needed when the list is empty. */
  readonly tokens: readonly TokenKind[]
  /** The path parameter that must name the caller's own room, if the caller is limited to one. */
  readonly ownRoom?: 'id_or_name'
  readonly query?: Readonly<Record<string, Schema>>
  readonly body?: Body
  readonly result: Result
  readonly paging: Paging
  /** The rate limits that a call counts towards: calls per token (`api`), messages per room or person (`flood`). */
  readonly limits: readonly ('api' | 'flood')[]
  /** Marks a GET that changes something. It has no HEAD, which browsers and scanners send unasked. */
  readonly once?: true
  /** The replacement that HipChat recommended. */
  readonly deprecated?: string
}

/** Path parameters by name. HipChat took both ids and names, so each of them may be a number. */
export const pathParameters: Readonly<Record<string, Schema<string>>> = {
  id_or_name: string({ minLength: 1, maxLength: 100, description: 'room id or room name' }),
  id_or_email: string({
    minLength: 1,
    maxLength: 100,
    description: 'user id, email address or @mention name',
  }),
  group_id: string({ minLength: 1, maxLength: 40 }),
  size: oneOf(['small', 'big']),
  webhook_id: string({ minLength: 1, maxLength: 40 }),
  key: string({ minLength: 1, maxLength: 40, description: 'key of the module, chosen by the add-on' }),
  message_id: string({ minLength: 1, maxLength: 100 }),
  emoticon_id_or_shortcut: string({ minLength: 1, maxLength: 100 }),
  addon_key_or_id: string({ minLength: 1, maxLength: 255 }),
  installable_id: string({ minLength: 1, maxLength: 255 }),
  access_token: string({ minLength: 1, maxLength: 255, description: 'the token the call is made with' }),
  token: string({ minLength: 1, maxLength: 255 }),
}

/** Names of the parameters in a path, in order. */
export const parameterNames = (path: string): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')

/** Keeps the literal types of an operation, and lets the compiler check it where it is declared. */
export const operation = <const O extends Operation>(entry: O): O => entry

type PathParameters<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathParameters<Rest>
  : never

type QueryParameters<O extends Operation> =
  O['query'] extends Readonly<Record<string, Schema>>
    ? { -readonly [K in keyof O['query']]?: Infer<O['query'][K]> }
    : unknown

type BodyParameters<O extends Operation> = O['body'] extends Body ? Infer<O['body']['schema']> : unknown

/**
 * All parameters of an operation as one flat object: path parameters, query parameters and body members, under the names
 * they have on the wire. No operation uses one name for two different things; a test checks that.
 */
export type Parameters<O extends Operation> = Simplify<
  { -readonly [K in PathParameters<O['path']>]: string | number } & QueryParameters<O> & BodyParameters<O>
>

/** A server's answer to a successful call: JSON, the address of a redirect, or nothing. */
export type ResultOf<O extends Operation> = O['result'] extends { kind: 'json'; schema: infer S }
  ? Infer<S>
  : PlainResultOf<O>

/** What a client reads from the answer of any server. */
export type ReceivedResultOf<O extends Operation> = O['result'] extends { kind: 'json'; schema: infer S }
  ? Received<S>
  : PlainResultOf<O>

type PlainResultOf<O extends Operation> = O['result'] extends { kind: 'redirect' } ? string : undefined
