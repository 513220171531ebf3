import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { capabilitiesDocument } from '../../src/api/capabilities.ts'
import { card } from '../../src/api/card.ts'
import { descriptor } from '../../src/api/descriptor.ts'
import { deliveryBody, eventNames } from '../../src/api/events.ts'
import { glanceContent, glanceUpdate } from '../../src/api/glance.ts'
import { installable, installableUpdate } from '../../src/api/installable.ts'
import type { Operation } from '../../src/api/operation.ts'
import { operations } from '../../src/api/operations/index.ts'
import type { Schema } from '../../src/common/schema.ts'

// At run time schemas are compiled unchecked, which is half the time; so they are checked here.
const schemas: [string, Schema][] = [
  ...Object.entries({
    capabilitiesDocument,
    card,
    descriptor,
    glanceContent,
    glanceUpdate,
    installable,
    installableUpdate,
  }),
  ...eventNames.map((name): [string, Schema] => [name, deliveryBody(name)]),
  ...Object.entries<Operation>(operations).flatMap(([id, { body, result, query = {} }]) => [
    ...(body ? [[`${id}, body`, body.schema] as [string, Schema]] : []),
    ...(result.kind === 'json' ? [[`${id}, result`, result.schema] as [string, Schema]] : []),
    ...Object.entries(query).map(([name, schema]): [string, Schema] => [`${id}, ${name}`, schema]),
  ]),
]

describe('every schema', () => {
  const ajv = new Ajv({ strict: false })

  it('is a JSON Schema', () => {
    expect(schemas.length).toBeGreaterThan(100)
    const wrong = schemas.flatMap(([name, schema]) =>
      ajv.validateSchema(schema) ? [] : [`${name}: ${ajv.errorsText()}`],
    )
    expect(wrong).toEqual([])
  })

  it('would be found if it were none', () => {
    expect(ajv.validateSchema({ type: 'object', properties: { a: { type: 'strnig' } } })).toBe(false)
  })
})
