/**
 * JSON Schema with the TypeScript type it describes.
 *
 * A schema is written once, as data; the compiler reads its type from it and ajv its rules. The builders below
 * cover what HipChat's API needs and nothing else. (TypeBox does the same job with 6 MB and 80 ms at start;
 * what is used here fits on one page.)
 */

declare const typeOf: unique symbol
declare const optionalMark: unique symbol

/** A JSON Schema object describing values of type `T`. */
export interface Schema<T = unknown> {
  readonly [typeOf]?: T
  readonly [keyword: string]: unknown
}

/** A member that may be left out of the object it belongs to. */
export interface Optional<S extends Schema> {
  readonly [optionalMark]: true
  readonly schema: S
}

/** The type a schema describes. */
export type Infer<S> = S extends Schema<infer T> ? T : never

/** Shows an intersection as one flat object in error messages and hovers. */
export type Simplify<T> = { [K in keyof T]: T[K] } & {}

type Members = Readonly<Record<string, Schema | Optional<Schema>>>

type ObjectOf<M extends Members> = Simplify<
  { -readonly [K in keyof M as M[K] extends Optional<Schema> ? never : K]: Infer<M[K]> } & {
    -readonly [K in keyof M as M[K] extends Optional<Schema> ? K : never]?: M[K] extends Optional<infer S>
      ? Infer<S>
      : never
  }
>

interface Annotations {
  readonly description?: string
}

export interface StringRules extends Annotations {
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly default?: string
}

export interface NumberRules extends Annotations {
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: number
}

export const string = (rules: StringRules = {}): Schema<string> => ({ type: 'string', ...rules })

export const integer = (rules: NumberRules = {}): Schema<number> => ({ type: 'integer', ...rules })

export const number = (rules: NumberRules = {}): Schema<number> => ({ type: 'number', ...rules })

export const boolean = (rules: Annotations & { readonly default?: boolean } = {}): Schema<boolean> => ({
  type: 'boolean',
  ...rules,
})

/** One of the given texts. */
export const oneOf = <const V extends readonly string[]>(
  values: V,
  rules: Annotations & { readonly default?: V[number] } = {},
): Schema<V[number]> => ({ type: 'string', enum: values, ...rules })

export const array = <T>(
  items: Schema<T>,
  rules: Annotations & { readonly minItems?: number; readonly maxItems?: number } = {},
): Schema<T[]> => ({ type: 'array', items, ...rules })

export interface ObjectRules extends Annotations {
  /**
   * Most characters of the object written as JSON. A keyword of our own: JSON Schema bounds the number of members, and an
   * object with free members has many ways to be large.
   */
  readonly maxJsonLength?: number
}

/** Any value at all; the type says `unknown`. */
export const anything = (rules: Annotations = {}): Schema<unknown> => ({ ...rules })

/** An object whose members nobody fixed. */
export const record = (rules: ObjectRules = {}): Schema<Record<string, unknown>> => ({
  type: 'object',
  ...rules,
})

/** An object in which every member has the same form. */
export const mapOf = <T>(values: Schema<T>): Schema<Record<string, T>> => ({
  type: 'object',
  additionalProperties: values,
})

/** Any of the schemas. The first that fits the author's intention should come first: errors name it. */
export const union = <const S extends readonly Schema[]>(...schemas: S): Schema<Infer<S[number]>> => ({
  anyOf: schemas,
})

export const nullable = <T>(schema: Schema<T>): Schema<T | null> => ({ anyOf: [schema, { type: 'null' }] })

/** Marks a member that may be absent. */
export const optional = <S extends Schema>(schema: S): Optional<S> => ({ schema }) as Optional<S>

/**
 * An object with the given members. Others are allowed: HipChat and its clients added members over the years,
 * and whoever refuses an unknown one breaks on the next.
 */
export function object<const M extends Members>(members: M, rules: ObjectRules = {}): Schema<ObjectOf<M>> {
  return { type: 'object', ...splitMembers(members), ...rules }
}

/** An object with the given members and no others, where HipChat's own schema refuses them. */
export function closedObject<const M extends Members>(members: M): Schema<ObjectOf<M>> {
  return { type: 'object', ...splitMembers(members), additionalProperties: false }
}

function splitMembers(members: Members): { properties: Record<string, Schema>; required: string[] } {
  const properties: Record<string, Schema> = {}
  const required: string[] = []
  for (const [name, member] of Object.entries(members)) {
    if (isOptional(member)) properties[name] = member.schema
    else {
      properties[name] = member
      required.push(name)
    }
  }
  return { properties, required }
}

// A schema never has a `schema` keyword of its own, an optional member has nothing else.
function isOptional(member: Schema | Optional<Schema>): member is Optional<Schema> {
  return 'schema' in member
}
