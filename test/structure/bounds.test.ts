import { describe, expect, it } from 'vitest'
import { descriptor } from '../../src/api/descriptor.ts'
import { filePart } from '../../src/api/file-part.ts'
import { installable, installableUpdate } from '../../src/api/installable.ts'
import { type Operation, parameterNames, pathParameters } from '../../src/api/operation.ts'
import { operations } from '../../src/api/operations/index.ts'
import { array, object, optional, record, type Schema, string, union } from '../../src/common/schema.ts'
import { administration } from '../../src/server/admin/routes.ts'
import { pageApi } from '../../src/server/chat-page/routes.ts'

const tables: Readonly<Record<string, Operation>> = { ...operations, ...administration, ...pageApi }

/** Everything that somebody sends, by what it is called in the report. */
const requests: [string, Schema][] = [
  ...Object.entries(tables).flatMap(([id, { path, query = {}, body }]) => [
    // Ids in the paths of the server's own tables are looked up as they are: Node takes 16 KiB of address and headers.
    ...parameterNames(path).flatMap((name): [string, Schema][] => {
      const schema = pathParameters[name]
      return schema ? [[`${id}, ${name}`, schema]] : []
    }),
    ...Object.entries(query).map(([name, schema]): [string, Schema] => [`${id}, ${name}`, schema]),
    ...(body ? [[`${id}, body`, body.schema] as [string, Schema]] : []),
  ]),
  ['descriptor', descriptor],
  ['installable', installable],
  ['installableUpdate', installableUpdate],
]

/** Paths of what may be as long as its sender likes. `bounded`: an object around it has a size. */
function unbounded(schema: Schema, path: string, bounded = false): string[] {
  if (schema === filePart) return [] // the bytes of a file have a bound of their own, and so have its name and type
  const { type, anyOf, properties, items, enum: values } = schema
  const sized = bounded || schema['maxJsonLength'] !== undefined
  if (Array.isArray(anyOf)) return anyOf.flatMap((branch: Schema) => unbounded(branch, path, sized))
  if (values || ['integer', 'number', 'boolean', 'null'].includes(String(type))) return []
  if (type === 'string') return schema['maxLength'] === undefined ? [path] : []
  if (type === 'array')
    return [
      ...(schema['maxItems'] === undefined ? [`${path}[]`] : []),
      ...unbounded(items as Schema, `${path}[]`, sized),
    ]
  if (properties)
    return Object.entries(properties as Record<string, Schema>).flatMap(([name, member]) =>
      unbounded(member, `${path}.${name}`, sized),
    )
  return sized ? [] : [path] // free members, or anything at all
}

describe('what somebody sends', () => {
  it('has a bound in every text, list and object with free members', () => {
    expect(requests.length).toBeGreaterThan(150)
    expect(requests.flatMap(([name, schema]) => unbounded(schema, name))).toEqual([])
  })

  it('would be found if it had none', () => {
    const open = object({
      text: string(),
      list: array(string({ maxLength: 1 })),
      free: optional(record()),
      either: union(string({ maxLength: 1 }), array(string(), { maxItems: 1 })),
      within: object({ free: record() }, { maxJsonLength: 10 }),
    })
    expect(unbounded(open, 'a')).toEqual(['a.text', 'a.list[]', 'a.free', 'a.either[]'])
  })
})
