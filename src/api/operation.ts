import type { Infer, Received, Schema, Simplify } from '../common/schema.ts'
import { oneOf, string } from '../common/schema.ts'
import type { Scope } from './scopes.ts'

/**
 * Kinds of token, by what the holder acts as: an add-on installed for the group or in one room, a user (through an
 * add-on or by a token made by hand), or a bare sender in one room. `basic` is no token: the OAuth client itself.
 */
export type TokenKind = 'addon_group' | 'addon_room' | 'user' | 'personal' | 'room_notification' | 'basic'

/**
 * What clients really sent although the exact form says otherwise. A server takes these and turns them into the
 * exact form before it validates; nobody sends them from here.
 *
 * - `form`, `json`, `text`: the body in another content type (text: the bare `message`)
 * - `boolean-text`: the texts "true" and "false" for a boolean
 * - `number-id`: a number where an id is written as text
 * - `list-text`: a list of scopes where one text separates them by blanks
 */
export type Relaxation = 'form' | 'json' | 'text' | 'boolean-text' | 'number-id' | 'list-text'

export interface Body {
  /** Of `multipart/related` each member is a part under its name: a file if its schema is `filePart`, JSON otherwise. */
  readonly type: 'json' | 'form' | 'multipart/related' | 'text'
  readonly schema: Schema
  readonly relaxations?: readonly Relaxation[]
  /** Other spellings of members that clients used: `{ theirs: ours }`. */
  readonly aliases?: Readonly<Record<string, string>>
  /** A call without any body counts as one with an empty object. */
  readonly optional?: true
}

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

/** The result in an answer; whoever answers with the bare one is understood, too. */
export function unwrapped(result: Result, answer: unknown): unknown {
  if (result.kind !== 'json' || result.member === undefined) return answer
  if (typeof answer !== 'object' || answer === null) return answer
  const inner = (answer as Readonly<Record<string, unknown>>)[result.member] // any member of an object is unknown
  return typeof inner === 'object' && inner !== null ? inner : answer
}

/**
 * How a collection is read to its end: by `start-index` (`offset`), by naming the oldest message seen
 * (`not-before`), or not at all.
 */
export type Paging = 'offset' | 'not-before' | 'none'

/**
 * One operation of HipChat's REST API v2. The table of these is the only place that knows verbs, paths, scopes and
 * shapes: the client's methods and types, the server's routes, and the validation on both sides come from it.
 */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Path below the API's base address; parameters in braces, each one path segment. */
  readonly path: `/${string}`
  readonly summary: string
  /** Any one of these suffices; none is needed when the list is empty. */
  readonly scopes: readonly Scope[]
  /** Who may call; open to anybody when the list is empty. */
  readonly tokens: readonly TokenKind[]
  /** The path parameter that must name the caller's own room, if the caller is bound to one. */
  readonly ownRoom?: 'id_or_name'
  readonly query?: Readonly<Record<string, Schema>>
  readonly body?: Body
  readonly result: Result
  readonly paging: Paging
  /** Which allowances a call uses up: calls per token (`api`), messages per room or person (`flood`). */
  readonly limits: readonly ('api' | 'flood')[]
  /** A GET that changes something: it has no HEAD, which browsers and scanners send without being asked. */
  readonly once?: true
  /** What HipChat asked to use instead. */
  readonly deprecated?: string
}

/** Path parameters by name. HipChat took ids and names alike, so numbers may be given for all of them. */
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
  key: string({ minLength: 1, maxLength: 40, description: 'of the module, chosen by the add-on' }),
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

/** Keeps an entry's literal types, and lets the compiler check the entry where it is written. */
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
 * Everything an operation takes, as one flat object: path parameters, query parameters and body members under the
 * names they have on the wire. No operation uses one name for two different things; a test holds the table to that.
 */
export type Parameters<O extends Operation> = Simplify<
  { -readonly [K in PathParameters<O['path']>]: string | number } & QueryParameters<O> & BodyParameters<O>
>

/** What a server answers a successful call with: JSON, the address of a redirect, or nothing. */
export type ResultOf<O extends Operation> = O['result'] extends { kind: 'json'; schema: infer S }
  ? Infer<S>
  : PlainResultOf<O>

/** What a client reads from the answer, whichever server sent it. */
export type ReceivedResultOf<O extends Operation> = O['result'] extends { kind: 'json'; schema: infer S }
  ? Received<S>
  : PlainResultOf<O>

type PlainResultOf<O extends Operation> = O['result'] extends { kind: 'redirect' } ? string : undefined
