/**
 * JSON Schema with the TypeScript types it describes.
 *
 * A schema is written once, as data; the compiler reads its types from it and ajv its rules. The builders below
 * cover what HipChat's API needs and nothing else. (TypeBox does the same job with 6 MB and 80 ms at start;
 * what is used here fits on one page.)
 *
 * Each schema has two readings. The exact one is for what this project sends: `validate` holds a value to every rule of
 * it. The tolerant one is for what somebody else's server sends: `read` (`tolerant-reading.ts`) asks for what a reader
 * cannot do without, and takes the rest as it comes.
 */

declare const typeOf: unique symbol
declare const receivedTypeOf: unique symbol
declare const optionalMark: unique symbol
declare const alwaysSentMark: unique symbol

/** A JSON Schema object describing values of type `T`, which are read as values of type `R` when others send them. */
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

/** A member that this project always sends, and that a reader can do without. */
export interface AlwaysSent<S extends Schema> {
  readonly [alwaysSentMark]: true
  readonly schema: S
  readonly alwaysSent: true
}

/** The type a schema describes. */
export type Infer<S> = S extends Schema<infer T> ? T : never

/** The type of what is read from somebody else's server by a schema. */
export type Received<S> = S extends Schema<unknown, infer R> ? R : never

/** One of the known strings, or one that a later server has besides. */
export type Known<V extends string> = V | (string & {})

/**
 * Key of the names of the members that a reader needs, in the schema of an object. A symbol, since it is no keyword of
 * JSON Schema: documents that are made from schemas do not show it.
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

export interface StringRules extends Annotations {
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  /** What is sent of it here, for readers of the schema: published answers hold other words, which `validate` takes. */
  readonly sent?: readonly string[]
  /** What the string is, for readers of the schema; `validate` does not look at it. */
  readonly format?: 'uri' | 'date-time' | 'email'
  readonly default?: string
}

export interface NumberRules extends Annotations {
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: number
}

export const string = (rules: StringRules = {}): Schema<string, string> => ({
  type: 'string',
  ...rules,
})

export const integer = (rules: NumberRules = {}): Schema<number, number> => ({ type: 'integer', ...rules })

export const number = (rules: NumberRules = {}): Schema<number, number> => ({ type: 'number', ...rules })

export const boolean = (
  rules: Annotations & { readonly default?: boolean } = {},
): Schema<boolean, boolean> => ({
  type: 'boolean',
  ...rules,
})

/** One of the given texts; read from others, any text. */
export const oneOf = <const V extends readonly string[]>(
  values: V,
  rules: Annotations & { readonly default?: V[number] } = {},
): Schema<V[number], Known<V[number]>> => ({ type: 'string', enum: values, ...rules })

export const array = <T, R>(
  items: Schema<T, R>,
  rules: Annotations & { readonly minItems?: number; readonly maxItems?: number } = {},
): Schema<T[], R[]> => ({ type: 'array', items, ...rules })

export interface ObjectRules extends Annotations {
  /**
   * Most characters of the object written as JSON. A keyword of our own: JSON Schema bounds the number of members, and an
   * object with free members has many ways to be large.
   */
  readonly maxJsonLength?: number
}

/** Any value at all; the type says `unknown`. */
export const anything = (rules: Annotations = {}): Schema<unknown, unknown> => ({ ...rules })

/** An object whose members nobody fixed. */
export const record = (
  rules: ObjectRules = {},
): Schema<Record<string, unknown>, Record<string, unknown>> => ({
  type: 'object',
  ...rules,
})

/** An object in which every member has the same form. */
export const mapOf = <T, R>(values: Schema<T, R>): Schema<Record<string, T>, Record<string, R>> => ({
  type: 'object',
  additionalProperties: values,
})

/** Any of the schemas. The first that fits the author's intention should come first: errors name it. */
export const union = <const S extends readonly Schema[]>(
  ...schemas: S
): Schema<Infer<S[number]>, Received<S[number]>> => ({
  anyOf: schemas,
})

export const nullable = <T, R>(schema: Schema<T, R>): Schema<T | null, R | null> => ({
  anyOf: [schema, { type: 'null' }],
})

/** Marks a member that may be absent. */
export const optional = <S extends Schema>(schema: S): Optional<S> => ({ schema }) as Optional<S>

/**
 * Marks a member of an answer that is always there when this project answers. Whoever reads somebody else's answer does
 * without it: a value of another form, or none, must not take the rest of the answer away.
 */
export const alwaysSent = <S extends Schema>(schema: S): AlwaysSent<S> =>
  ({ schema, alwaysSent: true }) as unknown as AlwaysSent<S>

/**
 * An object with the given members. Others are allowed: HipChat and its clients added members over the years,
 * and whoever refuses an unknown one breaks on the next.
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
