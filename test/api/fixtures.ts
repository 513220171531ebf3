import { readdirSync, readFileSync } from 'node:fs'
import type { Schema } from '../../src/common/schema.ts'
import { validate } from '../../src/common/validate.ts'

const folder = new URL('../../src/testing/fixtures/', import.meta.url)

/** A fixture, by its path. */
export const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, folder), 'utf8'))

/** The names of the fixtures in a folder. */
export const list = (path: string): string[] =>
  readdirSync(new URL(path, folder)).filter((name) => name.endsWith('.json'))

/** What is wrong with a value according to a schema; `undefined` if it is valid. */
export function fault(schema: Schema, value: unknown): string | undefined {
  const checked = validate(schema, value)
  return checked.ok ? undefined : checked.problem.message
}
