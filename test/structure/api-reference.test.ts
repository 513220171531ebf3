import { expect, it } from 'vitest'
import { type Operation, parameterNames, pathParameters } from '../../src/api/operation.ts'
import { operations } from '../../src/api/operations/index.ts'
import type { Schema } from '../../src/common/schema.ts'
import { describe } from './schema-words.ts'

/** The API reference is generated from the table of operations: `npx vitest run test/structure/api-reference.test.ts --update` writes it again. */
it('docs/reference/api.md says what the table of operations says', async () => {
  const page = [introduction, ...Object.entries(operations as Record<string, Operation>).map(section)].join(
    '\n',
  )
  await expect(page).toMatchFileSnapshot('../../docs/reference/api.md')
})

const introduction = `# API

HipChat's REST API v2 in this package: one method per operation, on \`context.client\` and, if the path names a room, on
\`context.room\` with the room filled in. Parameters are one flat object, with the names that they have on the wire. A method
exists if the add-on has one of its scopes; methods that only people may call are on the client from
\`createPersonalClient\`. Read collections with \`for await\`, page after page.

This page is generated from the table of operations in \`src/api/operations\`.
`

function section([id, operation]: [string, Operation]): string {
  const {
    method,
    path,
    summary,
    scopes,
    tokens,
    result,
    body,
    query = {},
    paging,
    deprecated,
    ownRoom,
  } = operation
  const properties = (body?.schema['properties'] ?? {}) as Record<string, Schema> // made by `object`
  const required = (body?.schema['required'] ?? []) as string[] // made by `object`
  const rows = [
    ...parameterNames(path).map((name) => row(name, true, pathParameters[name] ?? {})),
    ...Object.entries(query).map(([name, schema]) => row(name, false, schema)),
    ...Object.entries(properties).map(([name, schema]) => row(name, required.includes(name), schema)),
  ]
  const answer =
    result.kind === 'empty'
      ? `${result.status}, nothing`
      : `${result.status}, ${paging === 'offset' ? 'a page' : result.kind.toUpperCase()}`
  return `## ${id}

${summary}

\`${method} ${path}\`

- Scopes: ${scopes.length > 0 ? scopes.map((scope) => `\`${scope}\``).join(' or ') : 'none'}
- Who may call: ${tokens.length > 0 ? tokens.map((token) => holders[token]).join(', ') : 'anyone'}${ownRoom ? '; a room installation for its own room only' : ''}
- Answer: ${answer}${deprecated ? `\n- Deprecated by HipChat in favour of ${deprecated}` : ''}
${rows.length > 0 ? `\n| parameter | | description |\n| --- | --- | --- |\n${rows.join('\n')}\n` : ''}`
}

const holders = {
  addon_group: 'global installations',
  addon_room: 'room installations',
  user: 'users',
  personal: 'personal tokens',
  room_notification: 'room tokens',
  basic: 'OAuth clients with id and secret',
} as const

const row = (name: string, required: boolean, schema: Schema): string =>
  `| \`${name}\` | ${required ? 'required' : ''} | ${describe(schema)} |`
