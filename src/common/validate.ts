import { createRequire } from 'node:module'
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv'
import type { Schema } from './schema.ts'

/** One thing wrong with a value, said so that the person who sent it can mend it. */
export interface Problem {
  /** Dotted path of the offending member (`card.thumbnail.width`); empty for the value as a whole. */
  readonly field: string
  /** The broken rule by its JSON Schema keyword: `type`, `required`, `maxLength`, … */
  readonly rule: string
  /** What the rule asks for: a type name, a limit, the list of allowed values. */
  readonly expected: unknown
  /** What came. Absent when the member is missing. */
  readonly value?: unknown
  /** The whole finding as one sentence, without the value: it may be secret. */
  readonly message: string
}

export type Validation<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem }

const compiled = new WeakMap<Schema, ValidateFunction>()
let ajv: Ajv | undefined

/**
 * Checks a value against a schema and gives it the schema's type. The value itself is returned, not a copy;
 * defaults are not filled in. Schemas are compiled on first use, ajv is loaded then too.
 */
export function validate<T>(schema: Schema<T>, value: unknown): Validation<T> {
  let check = compiled.get(schema)
  if (!check) {
    check = loadAjv().compile(schema)
    compiled.set(schema, check)
  }
  if (check(value)) return { ok: true, value: value as T } // the check above is what makes this true
  return { ok: false, problem: describe(check.errors ?? [], value) }
}

// Loading and compiling take longer than everything else at start: an add-on that receives nothing pays nothing.
function loadAjv(): Ajv {
  if (!ajv) {
    const require = createRequire(import.meta.url)
    const { Ajv: Constructor } = require('ajv') as typeof import('ajv')
    // `strict: false`: our schemas carry `default`s and members of `anyOf` that ajv's strict mode complains about.
    // `verbose` gives each error the value it is about, `allErrors` is off: nobody reads a hundred findings.
    // The schemas are ours and checked by a test: checking and polishing them here would double the time to compile them.
    const quick = { meta: false, validateSchema: false, code: { optimize: false } }
    ajv = new Constructor({ strict: false, verbose: true, unicodeRegExp: true, ...quick })
  }
  return ajv
}

/** Picks the finding that says most: the one deepest in the value, and not the mere "no branch of anyOf fits". */
function describe(errors: ErrorObject[], value: unknown): Problem {
  const deepest = Math.max(...errors.map((error) => depth(error)))
  const candidates = errors.filter((error) => depth(error) === deepest && error.keyword !== 'anyOf')
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
      return finding(error, error.schema, `must be one of ${(error.schema as unknown[]).join(', ')}`)
    case 'additionalProperties': {
      const field = [path(error), error.params.additionalProperty].filter(Boolean).join('.')
      return {
        field,
        rule: 'additionalProperties',
        expected: 'absent',
        message: `${field} is not a member known here`,
      }
    }
    case 'minLength':
    case 'maxLength':
      return finding(error, error.schema, `${error.message}, came ${[...String(error.data)].length}`)
    default:
      return finding(error, error.schema, error.message ?? 'is not valid')
  }
}

function finding(error: ErrorObject, expected: unknown, text: string): Problem {
  const field = path(error)
  return { field, rule: error.keyword, expected, value: error.data, message: `${field || 'value'} ${text}` }
}

const path = (error: ErrorObject): string =>
  error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.')

// A missing or surplus member lies one level below the object the error is reported for.
const depth = (error: ErrorObject): number =>
  error.instancePath.split('/').length +
  (error.keyword === 'required' || error.keyword === 'additionalProperties' ? 1 : 0)

export function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
