import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { operations } from '../../../src/api/operations/index.ts'
import { openApiDocument } from '../../../src/server/http/openapi.ts'
import { adminCall, call, startServer } from '../support.ts'

// biome-ignore lint/suspicious/noExplicitAny: a document of any form
type Any = any

const file = new URL('../../../src/testing/fixtures/published-operations.json', import.meta.url)
const published: Record<string, Described> = JSON.parse(readFileSync(file, 'utf8'))
const document: Any = JSON.parse(JSON.stringify(openApiDocument()))

type Facts = Readonly<Record<string, unknown>>

/** An operation as the fixture has it: members and what an answer holds by path (`items[].links.self`). */
interface Described {
  readonly method: string
  readonly path: string
  readonly parameters: readonly Facts[]
  readonly body?: {
    readonly contentType: string
    readonly required: readonly string[]
    readonly members: Readonly<Record<string, Facts>>
  }
  readonly status: number
  readonly answer?: Readonly<Record<string, Facts>>
}

function followed(schema: Any): Any {
  const path: string[] = schema.$ref?.split('/').slice(1) ?? []
  return path.length > 0 ? followed(path.reduce((inside, name) => inside[name], document)) : schema
}

const compared = ['type', 'format', 'enum', 'default', 'minimum', 'maximum', 'maxLength', 'nullable']

const factsOf = (schema: Any): Facts =>
  Object.fromEntries(
    compared
      .filter((name) => schema[name] !== undefined)
      .map((name) => [name, name === 'enum' ? wordsOf(schema.enum) : schema[name]]),
  )

/** The words of an enum in any order; null is among them where the schema is nullable, which is a fact of its own. */
const wordsOf = (words: unknown[]): unknown[] => words.filter((word) => word !== null).sort()

/** Every member in a schema by its path. What may be one of several things has the types of all of them. */
function flat(given: Any, path = '', found: Record<string, Facts> = {}): Record<string, Facts> {
  const schema = followed(given)
  if (schema.anyOf) {
    for (const branch of schema.anyOf) flat(branch, path, found)
    return found
  }
  const before = found[path]
  const isNull = schema.nullable && schema.enum?.length === 1
  const facts = isNull ? { nullable: true, type: before?.['type'] } : factsOf(schema)
  if (path !== '')
    found[path] = before
      ? {
          ...before,
          type: [...new Set([before, facts].flatMap(({ type }) => String(type).split(' or ')))]
            .sort()
            .join(' or '),
          ...(before['nullable'] || facts['nullable'] ? { nullable: true } : {}),
        }
      : facts
  for (const [name, member] of Object.entries(schema.properties ?? {}))
    flat(member, path === '' ? name : `${path}.${name}`, found)
  if (schema.items) flat(schema.items, `${path}[]`, found)
  return found
}

/** The operations of the description, in the form of the fixture. */
const served = Object.fromEntries(
  Object.entries<Record<string, Any>>(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, Described] => {
      const [[contentType, { schema = {} } = {}] = []] = Object.entries<Any>(
        operation.requestBody?.content ?? {},
      )
      const [[status, response] = []] = Object.entries<Any>(operation.responses)
      const answer = response.content?.['application/json']?.schema
      return [
        operation.operationId,
        {
          method: method.toUpperCase(),
          path,
          parameters: operation.parameters.map(({ name, in: where, required, schema: of }: Any) => ({
            name,
            in: where,
            required,
            ...factsOf(of),
          })),
          ...(contentType
            ? { body: { contentType, required: followed(schema).required ?? [], members: flat(schema) } }
            : {}),
          status: Number(status),
          ...(answer ? { answer: flat(answer) } : {}),
        },
      ]
    }),
  ),
)

/** What one side says and the other does not, in words. `more`: whether it counts what is only served. */
function differences(
  what: string,
  theirs: Readonly<Record<string, Facts>>,
  ours: Readonly<Record<string, Facts>>,
  more: boolean,
): string[] {
  const said = (facts: Facts, name: string) => {
    const fact = Array.isArray(facts[name]) ? wordsOf(facts[name]) : facts[name]
    return fact === undefined ? 'none' : String(JSON.stringify(fact)).replaceAll('"', '')
  }
  const changed = Object.entries(theirs).flatMap(([member, facts]) => {
    const own = ours[member]
    if (!own) return [`${what} ${member}: missing`]
    return [...new Set([...Object.keys(facts), ...Object.keys(own)])]
      .filter((name) => said(facts, name) !== said(own, name))
      .map((name) => `${what} ${member}: ${name} ${said(facts, name)} → ${said(own, name)}`)
  })
  const added = Object.keys(ours).filter((member) => !Object.hasOwn(theirs, member))
  return [...changed, ...(more ? added.map((member) => `${what} ${member}: added`) : [])]
}

const byName = (parameters: readonly Facts[]) =>
  Object.fromEntries(parameters.map(({ name, ...facts }) => [String(name), facts]))

function differencesOf(id: string, theirs: Described): string[] {
  const ours = served[id]
  if (!ours) return [`${id}: missing`]
  const single = (['method', 'path', 'status'] as const).flatMap((name) =>
    theirs[name] === ours[name] ? [] : [`${id}: ${name} ${theirs[name]} → ${ours[name]}`],
  )
  const bodies = [theirs.body?.contentType, ours.body?.contentType]
  const required = [theirs.body, ours.body].map((body) => [...(body?.required ?? [])].sort().join(', '))
  return [
    ...single,
    ...(bodies[0] === bodies[1] ? [] : [`${id}: body ${bodies.join(' → ')}`]),
    ...(required[0] === required[1] ? [] : [`${id}: required ${required.join(' → ')}`]),
    ...differences(`${id} ?`, byName(theirs.parameters), byName(ours.parameters), true),
    ...differences(`${id} <`, theirs.body?.members ?? {}, ours.body?.members ?? {}, true),
    ...differences(`${id} >`, theirs.answer ?? {}, ours.answer ?? {}, false),
    ...(!theirs.answer && ours.answer ? [`${id} >: added`] : []),
  ]
}

/**
 * Where the description differs from the published one, and why: `?` parameters, `<` members of the request, `>` of the
 * answer. A star stands for any text.
 */
const intended: Readonly<Record<string, readonly string[]>> = {
  'the documentation and client libraries name these parameters': [
    '* ? expand: added',
    '* ? end-date: added',
    '* ? include_deleted: added',
    'getAllRoomWebhooks ? *: added',
  ],
  'published for some collections and not for this one': ['getAllRooms > links.*: format none → uri'],
  'UNIX seconds and `recent` are taken, too': ['getRoomHistory ? date: format date-time → none'],
  'a list without an end is of no use': ['getActiveSessions ? *: added'],
  "the documentation's limits, or ours where it has none": [
    '* ? *: maxLength none → *',
    '* < *: maxLength none → *',
  ],
  'the documentation and client libraries name these members': [
    'createRoom < delegate_admin_visibility: added',
    'updateRoom < delegate_admin_visibility: added',
    'updateRoom < is_guest_accessible: added',
    'updateUser < password: added',
    'updateUser < roles: added',
    'updateUser < roles[]: added',
    'updateUser < presence: added',
    'updateUser < presence.*: added',
    'createRoomWebhook < key: added',
    'generateToken < client_name: added',
    'generateToken < code: added',
    'generateToken < group_id: added',
    'generateToken < redirect_uri: added',
    'generateToken < refresh_token: added',
    'generateToken < user_id: added',
  ],
  'the documentation has two more grants': ['generateToken < grant_type: enum *'],
  'published without its members, which an error answer of the service gave away': [
    'sendRoomNotification < card.*: added',
    'sendRoomNotification < card: nullable none → true',
  ],
  'clients sent numbers too': ['updateRoom < owner.id: type string → integer or string'],
  'published without the list of events it takes': ['createRoomWebhook < event: enum none → *'],
  'ours: the room that a token for room notifications is for': ['generateToken < room_id: added'],
  'ours: an installation in one room, with the scopes that were approved, and what it needs': [
    'installAddon < room_id: added',
    'installAddon < scopes*: added',
    'installAddon < relay_state: added',
    'installAddon >: added',
  ],
  "recorded answers hold these: the table reads real servers' answers too, and what is sent here is narrower":
    [
      '* > *: nullable none → true',
      '*Webhook* > *id: type string → integer or string',
      '*History > items[].from: type object → object or string',
    ],
}

const matches = (pattern: string, difference: string): boolean => {
  const pieces = pattern.split('*').map((piece) => piece.replace(/[.?+[\]]/g, '\\$&'))
  return new RegExp(`^${pieces.join('.*')}$`).test(difference)
}

test('the description matches what was published of the 25 published operations, except for a named list', () => {
  expect(Object.keys(published)).toHaveLength(25)
  const found = Object.entries(published).flatMap(([id, theirs]) => differencesOf(id, theirs))
  const patterns = Object.values(intended).flat()
  expect(found.filter((difference) => !patterns.some((pattern) => matches(pattern, difference)))).toEqual([])
  expect(patterns.filter((pattern) => !found.some((difference) => matches(pattern, difference)))).toEqual([])
})

test('a difference from the published document is detected', () => {
  const [one] = Object.values(published)
  const changed = {
    ...(one as Described),
    status: 299,
    parameters: [{ name: 'x', in: 'query', type: 'string' }],
  }
  expect(differencesOf('getCapabilities', changed)).toEqual([
    'getCapabilities: status 299 → 200',
    'getCapabilities ? x: missing',
  ])
})

test('the description has every operation of the table once', () => {
  expect(Object.keys(served).sort()).toEqual(Object.keys(operations).sort())
  expect(Object.values(document.paths).flatMap((item) => Object.keys(item as object))).toHaveLength(
    Object.keys(operations).length,
  )
})

// What a Schema Object of OpenAPI 3.0.3 may hold, as far as it is used; `const`, lists of types and null are not among it.
const keywords: Readonly<Record<string, (value: Any) => boolean>> = {
  type: (value) => ['string', 'integer', 'number', 'boolean', 'object', 'array'].includes(value),
  format: (value) => typeof value === 'string',
  description: (value) => typeof value === 'string',
  nullable: (value) => value === true,
  enum: (value) => Array.isArray(value) && value.length > 0,
  default: () => true,
  minimum: Number.isFinite,
  maximum: Number.isFinite,
  minLength: Number.isInteger,
  maxLength: Number.isInteger,
  minItems: Number.isInteger,
  maxItems: Number.isInteger,
  pattern: (value) => Boolean(new RegExp(value, 'u')),
  required: (value) => Array.isArray(value) && value.length > 0 && new Set(value).size === value.length,
  properties: (value) => Object.values(value).every(isSchema),
  items: isSchema,
  anyOf: (value) => Array.isArray(value) && value.length > 1 && value.every(isSchema),
  additionalProperties: (value) => typeof value === 'boolean' || isSchema(value),
}

function isSchema(schema: Any): boolean {
  if (schema.$ref !== undefined) return Object.keys(schema).length === 1 && followed(schema) !== undefined
  if (schema.nullable && schema.type === undefined) return false // it would count for nothing
  if ((schema.type === 'array') !== (schema.items !== undefined)) return false
  return Object.entries(schema).every(([name, value]) => keywords[name]?.(value))
}

/** All objects in the document that stand below a key of this name. */
function below(key: string, value: Any = document): Any[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(name === key ? [inner] : []),
    ...below(key, inner),
  ])
}

test('the description is OpenAPI 3.0.3: its schemas, references, parameters and tags are valid', () => {
  expect(document.openapi).toBe('3.0.3')
  const schemas = [...below('schema'), ...Object.values(document.components.schemas)]
  expect(schemas.length).toBeGreaterThan(150)
  expect(schemas.filter((schema) => !isSchema(schema))).toEqual([])
  const references = new Set<string>(below('$ref'))
  expect(references.size).toBeGreaterThan(10)
  for (const $ref of references) expect(followed({ $ref }), $ref).toBeTypeOf('object')
  for (const [path, item] of Object.entries<Record<string, Any>>(document.paths))
    for (const operation of Object.values(item)) {
      const inPath = operation.parameters.filter((one: Any) => one.in === 'path')
      expect(inPath.map(({ name }: Any) => name)).toEqual(
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      )
      expect(inPath.every(({ required }: Any) => required === true)).toBe(true)
    }
  const bodies = Object.fromEntries(
    Object.values<Record<string, Any>>(document.paths)
      .flatMap((item) => Object.values(item))
      .filter(({ requestBody }) => requestBody)
      .map(({ operationId, requestBody }) => [operationId, requestBody]),
  )
  const optional = Object.keys(bodies).filter((id) => !bodies[id].required)
  expect(optional.sort()).toEqual(['addRoomMember', 'inviteUserToRoom'])
  expect(Object.keys(bodies.sendPrivateMessage.content)).toEqual(['application/json', 'text/plain'])
  expect(Object.keys(bodies.shareFileWithRoom.content)).toEqual(['multipart/related'])
  const shapes = Object.keys(document.paths).map((path) => path.replace(/\{\w+\}/g, '{}'))
  expect(new Set(shapes).size).toBe(shapes.length)
})

test.each([
  [{ type: 'null' }],
  [{ type: ['string', 'null'] }],
  [{ const: 'a' }],
  [{ nullable: true, enum: ['a', null] }],
  [{ type: 'object', required: [] }],
  [{ type: 'array' }],
  [{ type: 'object', properties: { a: { examples: [] } } }],
])('%j is detected', (schema) => {
  expect(isSchema(schema)).toBe(false)
})

test('the description is served without a token, unchanged, and counts towards no limit', async () => {
  const server = await startServer({ limits: { api: 1, user: 1 } })
  for (const method of ['GET', 'GET', 'HEAD']) {
    const answer = await call(server, method, '/openapi.json')
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'application/json; charset=utf-8',
    ])
    expect(answer.headers.get('cache-control')).toBe('public, max-age=3600')
    if (method === 'GET') expect(answer.body).toEqual(document)
  }
  expect((await call(server, 'POST', '/openapi.json', { json: {} })).status).toBe(404)
  expect((await adminCall(server, 'GET', '/room')).status).toBe(200)
})
