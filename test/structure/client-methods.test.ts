import { expect, it } from 'vitest'
import { type Operation, parameterNames, pathParameters } from '../../src/api/operation.ts'
import { operations } from '../../src/api/operations/index.ts'
import type { Schema } from '../../src/common/schema.ts'
import { describe } from './schema-words.ts'

/**
 * What an editor shows for a method of the client is the doc comment of its declaration, and types that are inferred from a
 * table have none. So the declarations are generated: `npx vitest run test/structure/client-methods.test.ts --update`.
 */
it('src/client/methods.ts declares what the table of operations says', async () => {
  await expect(source()).toMatchFileSnapshot('../../src/client/methods.ts')
})

const table = Object.entries(operations as Record<string, Operation>)

const source =
  (): string => `// Generated from the table of operations by test/structure/client-methods.test.ts.
import type { MethodOf, RoomMethodOf } from './method-types.ts'

/** The methods of a client, one for each operation of HipChat's REST API. */
export interface ClientMethods {
${table.map(([id, operation]) => `${comment(operation)}  readonly ${id}: MethodOf<'${id}'>\n`).join('')}}

/** The methods of a room, with \`id_or_name\` filled in. */
export interface RoomMethods {
${table
  .filter(([, { ownRoom }]) => ownRoom)
  .map(([id, operation]) => `${comment(operation, ['id_or_name'])}  readonly ${id}: RoomMethodOf<'${id}'>\n`)
  .join('')}}
`

function comment(operation: Operation, filledIn: readonly string[] = []): string {
  const { method, path, summary, scopes, tokens, deprecated } = operation
  const lines = [
    summary,
    '',
    `\`${method} ${path}\`, ${scopes.length > 0 ? `with the scope ${scopes.map(code).join(' or ')}` : 'without a scope'}${tokens.length > 0 ? `, for ${tokens.map((token) => holders[token]).join(', ')}` : ''}.`,
    '',
    ...parametersOf(operation).flatMap(([name, words]) =>
      filledIn.includes(name) ? [] : [`- \`${name}\`: ${words}`],
    ),
    '',
    `@returns ${answerOf(operation)}`,
    '@throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be made.',
    ...(deprecated ? [`@deprecated HipChat recommends ${deprecated}.`] : []),
  ]
  // Two empty lines in a row stand for a paragraph that this operation does not have.
  const shown = lines.filter((line, index) => line !== '' || lines[index - 1] !== '')
  return `  /**\n${shown
    .flatMap(wrap)
    .map((line) => `   *${line === '' ? '' : ` ${line}`}\n`)
    .join('')}   */\n`
}

/** Breaks a line at spaces; what follows is indented below an item of a list. */
function _wrap(line: string): string[] {
  const indent = line.startsWith('- ') ? '  ' : ''
  const wrapped = ['']
  for (const word of line.split(' ')) {
    const last = wrapped.at(-1) ?? ''
    if (last.trim() !== '' && last.length + word.length > 110) wrapped.push(indent + word)
    else wrapped[wrapped.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return wrapped
}

/** Breaks a line at spaces; what follows in an item of a list is indented. */
function wrap(line: string): string[] {
  const indent = line.startsWith('- ') ? '  ' : ''
  const wrapped = ['']
  for (const word of line.split(' ')) {
    const last = wrapped.at(-1) ?? ''
    if (last.length + word.length > 110) wrapped.push(indent + word)
    else wrapped[wrapped.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return wrapped
}

const code = (text: string): string => `\`${text}\``

function parametersOf({ path, query = {}, body }: Operation): [name: string, words: string][] {
  const members = (body?.schema['properties'] ?? {}) as Record<string, Schema> // made by `object`
  const required = (body?.schema['required'] ?? []) as string[] // made by `object`
  return [
    ...parameterNames(path).map((name): [string, string] => [name, describe(pathParameters[name] ?? {})]),
    ...Object.entries(query).map(([name, schema]): [string, string] => [
      name,
      `${describe(schema)}; optional`,
    ]),
    ...Object.entries(members).map(([name, schema]): [string, string] => [
      name,
      required.includes(name) ? describe(schema) : `${describe(schema)}; optional`,
    ]),
  ]
}

function answerOf({ result, paging }: Operation): string {
  if (result.kind === 'empty') return 'Nothing.'
  if (result.kind === 'redirect') return 'The address that HipChat redirects to.'
  if (paging === 'offset') return 'The items, page after page: read them with `for await`.'
  const members = Object.keys((result.schema['properties'] ?? {}) as Record<string, Schema>) // made by `object`
  return members.length > 0
    ? `An object with ${members.map(code).join(', ')}.`
    : 'The answer as HipChat sent it.'
}

const holders = {
  addon_group: 'global installations',
  addon_room: 'room installations',
  user: 'users',
  personal: 'personal tokens',
  room_notification: 'room tokens',
  basic: 'OAuth clients with id and secret',
} as const
