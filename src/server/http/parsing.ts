import { filePart } from '../../api/file-part.ts'
import type { Body, Operation, Relaxation } from '../../api/operation.ts'
import { pathParameters } from '../../api/operation.ts'
import { textOf } from '../../common/body.ts'
import { jsonFault, jsonFaultText } from '../../common/json-fault.ts'
import type { Schema } from '../../common/schema.ts'
import { type Problem, validate } from '../../common/validate.ts'
import { illFormedAt, unreadableField } from '../../common/well-formed.ts'
import { badRequest, CallRefusedError, invalid } from '../errors.ts'
import { isNestedDeeper } from './json-depth.ts'
import { type Part, readParts } from './multipart.ts'

/**
 * Longest accepted request body, in bytes: a megabyte, more for an operation that takes a file, and less where
 * callers need no token before the body is read. HipChat's limits are not known.
 */
export function longestBody({ body, tokens }: Operation): number {
  if (!body) return 0
  if (body.type === 'multipart/related') return longestUpload
  return tokens.length === 0 || tokens.includes('basic') ? longestOfStrangers : longestText
}

/** Milliseconds within which a body must arrive. Node's own limit is one minute. */
export const bodyTimeout = 30_000

/** The same for a body with a file. */
export const uploadTimeout = 55_000

/** Longest body with a file: clients sent base64 in lines of sixty characters, together with a message. */
const longestUpload = 28 * 1024 * 1024
const longestText = 1024 * 1024
const longestOfStrangers = 32 * 1024

const deepest = 32

type Members = Record<string, unknown>

/** Validates path parameters against their schemas. */
export function parsePath(parameters: Readonly<Record<string, string>>): Members {
  for (const [name, value] of Object.entries(parameters)) {
    const schema = pathParameters[name]
    const checked = schema ? validate(schema, value) : undefined
    if (checked && !checked.ok) throw invalid(about(name, checked.problem))
  }
  return { ...parameters }
}

/**
 * Reads the query parameters that an operation knows, fills in defaults (`defaults` before those of the table), and
 * ignores all others.
 */
export function parseQuery(operation: Operation, query: URLSearchParams, defaults: Members = {}): Members {
  const members: Members = {}
  for (const [name, schema] of Object.entries(operation.query ?? {})) {
    const text = query.get(name)
    const value =
      text === null || text === '' ? (defaults[name] ?? schema['default']) : coerce(name, text, schema)
    if (value === undefined) continue
    const checked = validate(schema, value)
    if (!checked.ok) throw invalid(about(name, checked.problem))
    members[name] = value
  }
  return members
}

/** A problem of a bare value, reported for the parameter it came from. */
const about = (name: string, problem: Problem): Problem => ({
  ...problem,
  field: name,
  message: `${name} ${problem.message.replace(/^value /, '')}`,
})

function coerce(name: string, text: string, schema: Schema): unknown {
  if (schema['type'] === 'integer') {
    if (/^-?\d{1,15}$/.test(text)) return Number(text)
    throw badRequest(`${name} must be an integer`, name, {
      validation: 'type',
      expected_type: 'integer',
      value: text,
    })
  }
  if (schema['type'] === 'boolean') {
    const value = booleanTexts[text.toLowerCase()]
    if (value !== undefined) return value
    throw badRequest(`${name} must be true or false`, name, {
      validation: 'type',
      expected_type: 'boolean',
      value: text,
    })
  }
  return text
}

const booleanTexts: Readonly<Record<string, boolean>> = { true: true, false: false, '1': true, '0': false }

/**
 * Turns a request body into the operation's members: reads the content types it accepts, renames aliases, relaxes
 * what clients are known to send, drops unknown members, and validates the rest.
 */
export function parseBody(
  body: Body,
  contentType: string | undefined,
  bytes: Buffer,
  secret = false,
): Members {
  const raw = body.optional && isNothing(bytes) ? {} : readMembers(body, contentType, bytes)
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw badRequest('The body must be an object', undefined, { validation: 'type', expected_type: 'object' })
  checkDepth(raw, 'The body')
  const properties = propertiesOf(body.schema)
  const known: Members = {}
  for (const [theirs, value] of Object.entries(raw)) {
    const alias = body.aliases && Object.hasOwn(body.aliases, theirs) ? body.aliases[theirs] : undefined
    const name = alias ?? theirs
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined
    // The exact name takes precedence over an alias.
    if (!schema || (alias !== undefined && Object.hasOwn(raw, alias))) continue
    known[name] = relax(name, value, schema, body.relaxations ?? [])
  }
  const checked = validate(body.schema, known)
  if (!checked.ok) throw invalid(checked.problem, secret)
  checkText(known, 'The body')
  return known
}

/** How clients send an empty body: no bytes, Go's `null`, or PHP's empty array. */
const isNothing = (bytes: Buffer): boolean =>
  bytes.length <= 40 && /^(?:\xef\xbb\xbf)?\s*(?:null|\[\s*\]|)\s*$/.test(bytes.toString('latin1'))

function readMembers(body: Body, contentType: string | undefined, bytes: Buffer): unknown {
  const accepted = new Set<string>([body.type, ...(body.relaxations ?? [])])
  const sent = mediaTypeOf(contentType ?? '')
  const kind = sent ? kindOf(sent) : body.type
  const isText = kind === 'text' && accepted.has('text')
  if (kind !== 'json' && accepted.has('json') && !isText && looksLikeJson(bytes, kind)) {
    // curl's default: JSON labelled as a form.
    const came = sent ? `it was sent as ${sent}` : 'it was sent without a content type'
    const remedy = `${came} and looks like JSON: send it with Content-Type: application/json`
    return readJson(textOf(bytes, contentType), 'The body', `; ${remedy}`)
  }
  if (!kind || !accepted.has(kind))
    throw new CallRefusedError(
      415,
      `This call takes ${[...accepted]
        .filter((name) => name in contentTypes)
        .map((name) => contentTypes[name])
        .join(' or ')}, not ${sent}`,
    )
  if (kind === 'multipart/related') return partMembers(bytes, contentType ?? '', propertiesOf(body.schema))
  const text = textOf(bytes, contentType)
  if (kind === 'text') return { message: text }
  if (kind === 'form') return formMembers(text, propertiesOf(body.schema))
  if (text === '') throw badRequest('A JSON body is required, got none')
  return readJson(text, 'The body')
}

/**
 * No plain message begins like an object with a member, or is an empty one. No form begins with a brace, which it
 * would encode. Shells remove the double quotes of JSON, or leave the single ones around it.
 */
const looksLikeJson = (bytes: Buffer, kind: string | undefined): boolean =>
  (kind === 'form' ? /^(?:\xef\xbb\xbf)?[\s'"]*[{[]/ : /^(?:\xef\xbb\xbf)?\s*\{\s*["}]/).test(
    bytes.toString('latin1', 0, 200),
  )

function readJson(text: string, what: string, more = '', field?: string): unknown {
  if (isNestedDeeper(text, deepest)) throw tooDeep('The body')
  try {
    return JSON.parse(text)
  } catch {
    const fault = jsonFault(text)
    throw badRequest(`${what} is not valid JSON${fault ? ` ${jsonFaultText(fault)}` : ''}${more}`, field)
  }
}

/** Content-Type of each kind of body. */
export const contentTypes: Readonly<Record<string, string>> = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  text: 'text/plain',
  'multipart/related': 'multipart/related',
}

/** The kind of body that a Content-Type names. */
export function kindOf(contentType: string): string | undefined {
  const type = mediaTypeOf(contentType)
  if (/^(?:(?:application|text)\/(?:x-)?json|[\w.-]+\/[\w.+-]+\+json)$/.test(type)) return 'json'
  return Object.keys(contentTypes).find((kind) => contentTypes[kind] === type)
}

/** A Content-Type without its parameters. */
const mediaTypeOf = (contentType: string): string => contentType.split(';')[0]?.trim().toLowerCase() ?? ''

/** A form contains only strings: booleans, numbers and objects are parsed from them. */
function formMembers(text: string, properties: Readonly<Record<string, Schema>>): Members {
  checkFields(text)
  const members: Members = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (Object.hasOwn(members, name)) continue
    if (!schema || schema['type'] === 'string') members[name] = value
    else if (schema['type'] === 'boolean') members[name] = booleanTexts[value.toLowerCase()] ?? value
    else if (isNestedDeeper(value, deepest)) throw tooDeep('The body')
    else
      try {
        members[name] = JSON.parse(value)
      } catch {
        members[name] = value
      }
  }
  return members
}

/**
 * Each part has the name of its member. A part without a name is identified by its type, as Perl's clients send the
 * metadata. A part that is not a file is JSON, whatever its content type; unknown parts are dropped.
 */
function partMembers(
  bytes: Buffer,
  contentType: string,
  properties: Readonly<Record<string, Schema>>,
): Members {
  const members: Members = {}
  for (const part of readParts(bytes, contentType)) {
    const { fileName, content } = part
    const name = part.name ?? memberFor(part, properties)
    if (name === undefined) throw badRequest('Each part of the body must have a name in Content-Disposition')
    if (!Object.hasOwn(properties, name)) continue
    if (Object.hasOwn(members, name)) throw badRequest(`The body has more than one part named ${name}`, name)
    if (properties[name] === filePart)
      members[name] = { ...(fileName === undefined ? {} : { name: fileName }), content }
    else if (content.length > longestText)
      throw new CallRefusedError(413, `The part ${name} is longer than ${longestText} bytes`)
    else members[name] = readJson(textOfPart(name, content), `The part ${name}`, '', name)
  }
  return members
}

function textOfPart(name: string, content: Buffer): string {
  try {
    return textOf(content, undefined)
  } catch {
    throw badRequest(`The part ${name} is not valid UTF-8`, name)
  }
}

/** The member for a part without a name: the only one of its type. */
function memberFor(
  { type = '', fileName }: Part,
  properties: Readonly<Record<string, Schema>>,
): string | undefined {
  const isFile = fileName !== undefined
  if (!isFile && kindOf(type) !== 'json') return undefined
  const fitting = Object.keys(properties).filter((name) => (properties[name] === filePart) === isFile)
  return fitting.length === 1 ? fitting[0] : undefined
}

function relax(name: string, value: unknown, schema: Schema, relaxations: readonly Relaxation[]): unknown {
  if (relaxations.includes('boolean-text') && schema['type'] === 'boolean' && typeof value === 'string')
    return value === 'true' ? true : value === 'false' ? false : value
  if (relaxations.includes('number-id') && /(^|_)id$/.test(name) && typeof value === 'number')
    return String(value)
  if (relaxations.includes('list-text') && name === 'scope' && Array.isArray(value))
    return value.every((item) => typeof item === 'string') ? value.join(' ') : value
  return value
}

/** Refuses bytes in a form or query string that would be decoded as U+FFFD. */
export function checkFields(text: string): void {
  const field = unreadableField(text)
  if (field === undefined) return
  throw badRequest(`${field || 'A field'} is not valid UTF-8`, field || undefined)
}

/** Refuses half surrogate pairs, which could not be stored or put into an address unchanged. */
export function checkText(value: object, what: string): void {
  const field = illFormedAt(value)
  if (field === undefined) return
  throw badRequest(
    `${field || what} holds half of a surrogate pair, expected whole characters`,
    field || undefined,
  )
}

const tooDeep = (what: string): CallRefusedError =>
  badRequest(`${what} is nested more than ${deepest} levels deep`)

/** No caller needs deep objects here, and serializing them would exhaust the stack. Walks without recursion. */
export function checkDepth(value: object, what: string): void {
  let level: object[] = [value]
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > deepest) throw tooDeep(what)
    level = level.flatMap((item) =>
      Object.values(item).filter(
        (child): child is object =>
          typeof child === 'object' && child !== null && !(child instanceof Uint8Array),
      ),
    )
  }
}

const propertiesOf = (schema: Schema): Readonly<Record<string, Schema>> =>
  (schema['properties'] ?? {}) as Readonly<Record<string, Schema>> // every body in the table is an object schema
