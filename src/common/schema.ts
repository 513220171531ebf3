/**
 * JSON Schema with the TypeScript types it describes.
 *
 * A schema is written once, as data; the compiler derives the types from it, and ajv the rules. The builders below cover
 * only what HipChat's API needs. (TypeBox does the same job with 6 MB and 80 ms at start; the builders here fit on one
 * page.)
 *
 * Each schema can be read in two ways. The exact way is for what this project sends: `validate` checks every rule. The
 * tolerant way is for what other servers send: `read` (`tolerant-reading.ts`) requires only what a reader cannot do
 * without, and accepts the rest as it is.
 */

declare const typeOf: unique symbol
declare const receivedTypeOf: unique symbol
declare const optionalMark: unique symbol
declare const alwaysSentMark: unique symbol

/** A JSON Schema object for values of type `T`, which are read as type `R` when others send them. */
export interface Schema<T = unknown, R = unknown> {
  readonly [typeOf]?: T
  readonly [receivedTypeOf]?: R
  readonly [keyword: string]: unknown
}

/** A member that may be left out of the object it belongs to. */
export interface Optional<S extends Schema> {
  readonly [optionalMark]: true
  readonly schema: S
}

/** A member that this project always sends, but that a reader does not need. */
export interface AlwaysSent<S extends Schema> {
  readonly [alwaysSentMark]: true
  readonly schema: S
  readonly alwaysSent: true
}

/** The type a schema describes. */
export type Infer<S> = S extends Schema<infer T> ? T : never

/** The type of a value that was read from another server. */
export type Received<S> = S extends Schema<unknown, infer R> ? R : never

/** One of the known strings, or another string of a later server. */
export type Known<V extends string> = V | (string & {})

/**
 * In the schema of an object, the key of the list of members that a reader needs. It is a symbol because it is not a JSON
 * Schema keyword, and must not appear in documents made from schemas.
 */
export const neededMembers: unique symbol = Symbol('needed members')

/** Shows an intersection as one flat object in error messages and hovers. */
export type Simplify<T> = { [K in keyof T]: T[K] } & {}

type Members = Readonly<Record<string, Schema | Optional<Schema> | AlwaysSent<Schema>>>

type SchemaOf<M> = M extends Optional<infer S> ? S : M extends AlwaysSent<infer S> ? S : M

type ObjectOf<M extends Members> = Simplify<
  { -readonly [K in keyof M as M[K] extends Optional<Schema> ? never : K]: Infer<SchemaOf<M[K]>> } & {
    -readonly [K in keyof M as M[K] extends Optional<Schema> ? K : never]?: Infer<SchemaOf<M[K]>>
  }
>

type Dispensable = Optional<Schema> | AlwaysSent<Schema>

type ReceivedObjectOf<M extends Members> = Simplify<
  { -readonly [K in keyof M as M[K] extends Dispensable ? never : K]: Received<M[K]> } & {
    -readonly [K in keyof M as M[K] extends Dispensable ? K : never]?: Received<SchemaOf<M[K]>>
  }
>

interface Annotations {
  readonly description?: string
}

/** Rules for strings; the lengths are in characters. */
export interface StringRules extends Annotations {
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  /** The values that this project sends, as documentation: published answers have others, which `validate` accepts. */
  readonly sent?: readonly string[]
  /** The kind of string, as documentation; `validate` ignores it. */
  readonly format?: 'uri' | 'date-time' | 'email'
  readonly default?: string
}

/** Rules for numbers. */
export interface NumberRules extends Annotations {
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: number
}

/** A string. */
export const string = (rules: StringRules = {}): Schema<string, string> => ({
  type: 'string',
  ...rules,
})

/** An integer. */
export const integer = (rules: NumberRules = {}): Schema<number, number> => ({ type: 'integer', ...rules })

/** A number. */
export const number = (rules: NumberRules = {}): Schema<number, number> => ({ type: 'number', ...rules })

/** A boolean. */
export const boolean = (
  rules: Annotations & { readonly default?: boolean } = {},
): Schema<boolean, boolean> => ({
  type: 'boolean',
  ...rules,
})

/** One of the given strings; from other servers, any string. */
export const oneOf = <const V extends readonly string[]>(
  values: V,
  rules: Annotations & { readonly default?: V[number] } = {},
): Schema<V[number], Known<V[number]>> => ({ type: 'string', enum: values, ...rules })

/** A list of items with one schema. */
export const array = <T, R>(
  items: Schema<T, R>,
  rules: Annotations & { readonly minItems?: number; readonly maxItems?: number } = {},
): Schema<T[], R[]> => ({ type: 'array', items, ...rules })

/** Rules for objects. */
export interface ObjectRules extends Annotations {
  /**
   * The most characters of the object as JSON. This is our own keyword: JSON Schema can only limit the number of members,
   * and an object with free members can be large in many ways.
   */
  readonly maxJsonLength?: number
}

/** Any value; its type is `unknown`. */
export const anything = (rules: Annotations = {}): Schema<unknown, unknown> => ({ ...rules })

/** An object with any members. */
export const record = (
  rules: ObjectRules = {},
): Schema<Record<string, unknown>, Record<string, unknown>> => ({
  type: 'object',
  ...rules,
})

/** An object with any names of members, whose values have one schema. */
export const mapOf = <T, R>(values: Schema<T, R>): Schema<Record<string, T>, Record<string, R>> => ({
  type: 'object',
  additionalProperties: values,
})

/** Any of the schemas. The one that authors most likely mean should be first: errors name it. */
export const union = <const S extends readonly Schema[]>(
  ...schemas: S
): Schema<Infer<S[number]>, Received<S[number]>> => ({
  anyOf: schemas,
})

/** A value or `null`. */
export const nullable = <T, R>(schema: Schema<T, R>): Schema<T | null, R | null> => ({
  anyOf: [schema, { type: 'null' }],
})

/** Marks a member that may be absent. */
export const optional = <S extends Schema>(schema: S): Optional<S> => ({ schema }) as Optional<S>

/**
 * Marks a member that this project's answers always have. Readers of another server's answer do not need it: a missing or
 * wrong value must not make the rest of the answer unreadable.
 */
export const alwaysSent = <S extends Schema>(schema: S): AlwaysSent<S> =>
  ({ schema, alwaysSent: true }) as unknown as AlwaysSent<S>

/**
 * An object with the given members. Others are allowed: HipChat and its clients added members over the years, and a
 * reader that refuses an unknown member breaks with the next one.
 */
export function object<const M extends Members>(
  members: M,
  rules: ObjectRules = {},
): Schema<ObjectOf<M>, ReceivedObjectOf<M>> {
  return { type: 'object', ...splitMembers(members), ...rules }
}

/** An object with the given members and no others, where HipChat's own schema refuses them. */
export function closedObject<const M extends Members>(members: M): Schema<ObjectOf<M>, ReceivedObjectOf<M>> {
  return { type: 'object', ...splitMembers(members), additionalProperties: false }
}

function splitMembers(members: Members) {
  const properties: Record<string, Schema> = {}
  const required: string[] = []
  const needed: string[] = []
  for (const [name, member] of Object.entries(members)) {
    properties[name] = isMarked(member) ? member.schema : member
    if (!isMarked(member)) needed.push(name)
    if (!isMarked(member) || 'alwaysSent' in member) required.push(name)
  }
  return { properties, required, [neededMembers]: needed }
}

// A schema never has a `schema` keyword of its own.
function isMarked(member: Members[string]): member is Optional<Schema> | AlwaysSent<Schema> {
  return 'schema' in member
}
