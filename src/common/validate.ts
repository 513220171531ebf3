import { createRequire } from 'node:module'
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv'
import type { Schema } from './schema.ts'

/** One problem with a value, described for the person who has to fix it. */
export interface Problem {
  /** Dotted path of the offending member (`card.thumbnail.width`); empty for the value as a whole. */
  readonly field: string
  /** The broken rule by its JSON Schema keyword: `type`, `required`, `maxLength`, … */
  readonly rule: string
  /** What the rule requires: a type name, a limit, the list of allowed values. */
  readonly expected: unknown
  /** The value received. Absent when the member is missing. */
  readonly value?: unknown
  /** The problem as one sentence, without the value, which may be secret. */
  readonly message: string
}

/** The result of {@link validate}. */
export type Validation<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem }

type Checks = WeakMap<Schema, ValidateFunction>

const compiled: Checks = new WeakMap()
const thorough: Checks = new WeakMap()
const ajvs = new Map<Checks, Ajv>()

/**
 * Checks a value against a schema and gives it the schema's type. It returns the value itself, not a copy, and does not
 * fill in defaults. Schemas are compiled on first use; ajv is loaded then too.
 */
export function validate<T>(schema: Schema<T>, value: unknown): Validation<T> {
  const check = checkOf(schema, compiled)
  if (check(value)) return { ok: true, value: value as T } // the check above is what makes this true
  return { ok: false, problem: describe(check.errors ?? [], value) }
}

/**
 * All problems of a value, for a person who fixes a document by hand; empty if the value is valid. {@link validate} stops
 * at the first problem: a program needs no more, and a stranger's document could have a hundred thousand.
 */
export function problemsOf(schema: Schema, value: unknown): Problem[] {
  const check = checkOf(schema, thorough)
  return check(value) ? [] : unfold(check.errors ?? [], value)
}

function checkOf(schema: Schema, checks: Checks): ValidateFunction {
  let check = checks.get(schema)
  if (!check) {
    check = loadAjv(checks).compile(schema)
    checks.set(schema, check)
  }
  return check
}

// Loading and compiling take longer than everything else at start, so an add-on that receives nothing does neither.
function loadAjv(checks: Checks): Ajv {
  let ajv = ajvs.get(checks)
  if (!ajv) {
    const require = createRequire(import.meta.url)
    const { Ajv: Constructor } = require('ajv') as typeof import('ajv') // `require` has no types
    // `strict: false`: our schemas have `default`s and members of `anyOf` that ajv's strict mode rejects.
    // `verbose` adds the value to each error.
    // The schemas are ours and a test checks them: checking and optimizing them here would double the time to compile.
    const quick = { meta: false, validateSchema: false, code: { optimize: false } }
    const allErrors = checks === thorough
    // Formats are documentation: the code that checks an address, a date or an email address knows what it accepts.
    const lenient = { strict: false, validateFormats: false }
    ajv = new Constructor({ ...lenient, verbose: true, unicodeRegExp: true, allErrors, ...quick })
    ajv.addKeyword({
      keyword: 'maxJsonLength',
      type: 'object',
      schemaType: 'number',
      errors: false,
      validate: (limit: number, value: unknown) => jsonLength(value) <= limit,
    })
    ajvs.set(checks, ajv)
  }
  return ajv
}

/** One problem for each error; for a union, only the problems of the branch that was meant. */
function unfold(errors: ErrorObject[], value: unknown): Problem[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf')
  const outermost = unions.filter((one) => !unions.some((other) => isWithin(one, other)))
  const plain = errors.filter(
    (error) => !outermost.includes(error) && !outermost.some((one) => isWithin(error, one)),
  )
  return [
    ...plain.map((error) => describe([error], value)),
    ...outermost.flatMap((one) => {
      const within = errors.filter((error) => isWithin(error, one))
      const meant = branchMeant(one, within)
      return meant ? unfold(meant, value) : [describe([one, ...within], value)]
    }),
  ]
}

const isWithin = (error: ErrorObject, { schemaPath, instancePath }: ErrorObject): boolean =>
  error.schemaPath.startsWith(`${schemaPath}/`) && `${error.instancePath}/`.startsWith(`${instancePath}/`)

/** The errors of the branch whose outer form the value has, if there is exactly one. */
function branchMeant(union: ErrorObject, within: ErrorObject[]): ErrorObject[] | undefined {
  const branches = new Map<string, ErrorObject[]>()
  for (const error of within) {
    const [branch = ''] = error.schemaPath.slice(union.schemaPath.length + 1).split('/')
    branches.set(branch, [...(branches.get(branch) ?? []), error])
  }
  const fitting = [...branches.values()].filter((found) =>
    found.every(({ instancePath }) => instancePath !== union.instancePath),
  )
  return fitting.length === 1 ? fitting[0] : undefined
}

/** Picks the most helpful problem: the one deepest in the value, rather than "no branch of anyOf fits". */
function describe(errors: ErrorObject[], value: unknown): Problem {
  const deepest = Math.max(...errors.map((one) => depth(one)))
  const candidates = errors.filter((one) => depth(one) === deepest && one.keyword !== 'anyOf')
  const error = candidates[0] ?? errors[0]
  if (!error) return { field: '', rule: 'valid', expected: undefined, value, message: 'is not valid' }

  const wrongTypes = candidates.filter((other) => other.keyword === 'type' && path(other) === path(error))
  if (wrongTypes.length > 1 && wrongTypes.length === candidates.length) {
    const types = [...new Set(wrongTypes.map((other) => String(other.schema)))]
    return finding(error, types, `must be ${types.join(' or ')}, not ${typeName(error.data)}`)
  }
  switch (error.keyword) {
    case 'type':
      return finding(error, error.schema, `must be ${error.schema}, not ${typeName(error.data)}`)
    case 'required': {
      const field = [path(error), error.params.missingProperty].filter(Boolean).join('.')
      return { field, rule: 'required', expected: 'present', message: `${field} is missing` }
    }
    case 'enum':
      return finding(error, error.schema, `must be one of ${(error.schema as unknown[]).join(', ')}`) // made by `oneOf`
    case 'additionalProperties': {
      const field = [path(error), error.params.additionalProperty].filter(Boolean).join('.')
      return {
        field,
        rule: 'additionalProperties',
        expected: 'absent',
        message: `${field} is not a known member`,
      }
    }
    case 'minLength':
    case 'maxLength':
      return finding(error, error.schema, `${error.message}, got ${[...String(error.data)].length}`)
    case 'maxItems':
      return finding(error, error.schema, `${error.message}, got ${(error.data as unknown[]).length}`) // only lists have items
    case 'maxJsonLength':
      return finding(
        error,
        error.schema,
        `must have at most ${error.schema} characters as JSON, got ${jsonLength(error.data)}`,
      )
    default:
      return finding(error, error.schema, error.message ?? 'is not valid')
  }
}

function finding(error: ErrorObject, expected: unknown, text: string): Problem {
  const field = path(error)
  return { field, rule: error.keyword, expected, value: error.data, message: `${field || 'value'} ${text}` }
}

const jsonLength = (value: unknown): number => JSON.stringify(value)?.length ?? 0

const path = (error: ErrorObject): string =>
  error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.')

// A missing or surplus member is one level below the object of its error.
const depth = (error: ErrorObject): number =>
  error.instancePath.split('/').length +
  (error.keyword === 'required' || error.keyword === 'additionalProperties' ? 1 : 0)

/** The JSON type of a value, for messages; the result of `typeof` for values that are not JSON. */
export function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
