import { STATUS_CODES } from 'node:http'
import { card } from '../../api/card.ts'
import { errorAnswer } from '../../api/error-answer.ts'
import { filePart } from '../../api/file-part.ts'
import {
  emoticon,
  file,
  group,
  message,
  presence,
  room,
  roomMember,
  roomReference,
  statistics,
  user,
  userReference,
} from '../../api/objects.ts'
import {
  type Body,
  type Operation,
  parameterNames,
  pathParameters,
  type Result,
} from '../../api/operation.ts'
import { operations } from '../../api/operations/index.ts'
import { notification } from '../../api/operations/messages.ts'
import { webhook } from '../../api/webhook.ts'
import { object, type Schema } from '../../common/schema.ts'
import type { Page } from './html-page.ts'
import { contentTypes } from './parsing.ts'

type Json = Readonly<Record<string, unknown>>

/** Schemas that are described once and referenced by name. */
const components: Readonly<Record<string, Schema>> = {
  UserReference: userReference,
  User: user,
  Presence: presence,
  RoomReference: roomReference,
  Room: room,
  RoomMember: roomMember,
  RoomStatistics: statistics,
  Group: group,
  File: file,
  Message: message,
  Notification: notification,
  Card: card,
  Webhook: webhook,
  Emoticon: emoticon,
  Error: errorAnswer,
}

const nameOf = new Map(Object.entries(components).map(([name, schema]) => [schema, name]))

let text: Buffer | undefined

/** The OpenAPI document at its path on this server; it is generated at the first request. */
export function descriptionAt(path: string): Page | undefined {
  if (path !== '/v2/openapi.json') return undefined
  text ??= Buffer.from(JSON.stringify(openApiDocument()))
  return {
    headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'public, max-age=3600' },
    body: text,
  }
}

/** Generates an OpenAPI 3.0.3 document from the table of operations. */
export function openApiDocument(): Json {
  return {
    openapi: '3.0.3',
    info: {
      title: 'HipChat-compatible REST API',
      version: '2',
      description:
        'An operation that lists scopes requires any one of them. With `auth_test=true` in its query, an operation only reports whether the token may call it.',
    },
    servers: [{ url: '/v2' }], // relative to this document
    security: [{ BearerAuth: [] }, { QueryToken: [] }],
    paths: paths(),
    components: {
      securitySchemes: {
        BearerAuth: { type: 'http', scheme: 'bearer' },
        QueryToken: { type: 'apiKey', in: 'query', name: 'auth_token' },
        OAuthClient: { type: 'http', scheme: 'basic', description: 'OAuth id and secret of an installation' },
      },
      responses: {
        Refusal: { description: 'Refused', content: jsonContent({ $ref: '#/components/schemas/Error' }) },
      },
      schemas: Object.fromEntries(
        Object.entries(components).map(([name, schema]) => [name, convertInside(schema)]),
      ),
    },
  }
}

/** Paths that differ only in the names of their parameters are merged into one, with the names that came first. */
function paths(): Json {
  const found = new Map<string, { path: string; item: Record<string, Json> }>()
  for (const [id, operation] of Object.entries<Operation>(operations)) {
    const shape = operation.path.replace(/\{\w+\}/g, '{}')
    const entry = found.get(shape) ?? { path: operation.path, item: {} }
    found.set(shape, entry)
    entry.item[operation.method.toLowerCase()] = describe(id, operation, parameterNames(entry.path))
  }
  return Object.fromEntries([...found.values()].map(({ path, item }) => [path, item]))
}

function describe(id: string, operation: Operation, names: readonly string[]): Json {
  const { path, summary, scopes, tokens, query = {}, body, result, deprecated } = operation
  return {
    operationId: id,
    tags: [path.split('/')[1]],
    summary,
    ...(deprecated === undefined ? {} : { deprecated: true, description: `Better: ${deprecated}` }),
    'x-hipchat-scopes': scopes,
    'x-hipchat-tokens': tokens,
    ...(tokens.length === 0 ? { security: [] } : {}),
    // A user signs in with their password, without Basic credentials.
    ...(tokens.includes('basic') ? { security: [{ OAuthClient: [] }, {}] } : {}),
    parameters: [
      ...parameterNames(path).map((own, index) =>
        parameter('path', names[index] ?? own, pathParameters[own] ?? {}),
      ),
      ...Object.entries(query).map(([name, schema]) => parameter('query', name, schema)),
    ],
    ...(body ? { requestBody: requestBody(body) } : {}),
    responses: { [result.status]: response(result), default: { $ref: '#/components/responses/Refusal' } },
  }
}

function parameter(where: 'path' | 'query', name: string, schema: Schema): Json {
  const { description, ...rest } = convert(schema)
  return {
    name,
    in: where,
    required: where === 'path',
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }
}

function requestBody({ type, schema, relaxations = [], optional }: Body): Json {
  const kinds = [type, ...relaxations].filter((kind) => kind in contentTypes)
  return {
    required: !optional,
    content: Object.fromEntries(
      kinds.map((kind) => [
        contentTypes[kind],
        { schema: kind === 'text' ? { type: 'string' } : convert(schema) },
      ]),
    ),
  }
}

function response(result: Result): Json {
  const description = STATUS_CODES[result.status] ?? ''
  switch (result.kind) {
    case 'json':
      return {
        description,
        content: jsonContent(
          convert(result.member === undefined ? result.schema : object({ [result.member]: result.schema })),
        ),
      }
    case 'redirect':
      return { description, headers: { Location: { required: true, schema: { type: 'string' } } } }
    case 'empty':
      return { description }
  }
}

const jsonContent = (schema: Json): Json => ({ 'application/json': { schema } })

/** Converts a schema to OpenAPI 3.0, which has references, and `nullable` instead of a null type. */
function convert(schema: Schema): Json {
  const name = nameOf.get(schema)
  return name === undefined ? convertInside(schema) : { $ref: `#/components/schemas/${name}` }
}

function convertInside(schema: Schema): Json {
  if (schema === filePart)
    return {
      type: 'string',
      format: 'binary',
      description: 'a part with a file name in its Content-Disposition',
    }
  // Schemas are made by the functions of `common/schema.ts`, which put schemas into these members.
  const { anyOf, properties, required, items, additionalProperties, maxJsonLength, sent, ...rest } = schema
  return {
    ...rest,
    ...(sent === undefined ? {} : { enum: sent }),
    ...(maxJsonLength === undefined ? {} : bounded(schema)),
    ...(anyOf ? union(anyOf as Schema[]) : {}),
    ...(properties ? { properties: mapped(properties as Record<string, Schema>) } : {}),
    ...((required as string[] | undefined)?.length ? { required } : {}), // an empty list is not allowed
    ...(items ? { items: convert(items as Schema) } : {}),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'object'
              ? convert(additionalProperties as Schema)
              : additionalProperties,
        }),
  }
}

/** OpenAPI has no keyword for the size of an object. */
const bounded = ({ description, maxJsonLength }: Schema): Json => ({
  description: [description, `at most ${maxJsonLength} characters as JSON`].filter(Boolean).join('; '),
})

const mapped = (schemas: Readonly<Record<string, Schema>>): Json =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, convert(schema)]))

const isNull = ({ type }: Schema): boolean => type === 'null'

/** `nullable` only works next to a `type`; without one, null is a branch of its own. */
function union(branches: readonly Schema[]): Json {
  const others = branches.filter((branch) => !isNull(branch)).map(convert)
  if (others.length === branches.length) return { anyOf: others }
  const [only] = others
  if (only?.['type'] !== undefined && others.length === 1)
    return {
      ...only,
      nullable: true,
      ...(Array.isArray(only['enum']) ? { enum: [...only['enum'], null] } : {}),
    }
  // Made by this function.
  const inner = others.flatMap((one) => (Array.isArray(one['anyOf']) ? (one['anyOf'] as Json[]) : [one]))
  return { anyOf: [...inner, { type: 'string', nullable: true, enum: [null] }] }
}
