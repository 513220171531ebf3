import type { Operation } from '../../api/operation.ts'
import { operations } from '../../api/operations/index.ts'
import { decoded, encodesText } from '../../common/well-formed.ts'
import { administration } from '../admin/routes.ts'
import { pageApi } from '../chat-page/routes.ts'
import { badRequest, CallRefusedError } from '../errors.ts'

/** The operation a request names, with its path parameters decoded. */
export interface Route {
  /** Its name in the table it is from. */
  readonly id: string
  readonly operation: Operation
  readonly parameters: Readonly<Record<string, string>>
}

interface Template {
  readonly id: string
  readonly operation: Operation
  readonly segments: readonly string[]
}

const templatesOf = (table: Readonly<Record<string, Operation>>): Template[] =>
  Object.entries(table).map(([id, operation]) => ({ id, operation, segments: split(operation.path) }))

/** The tables by where their paths begin. */
const bases = {
  '/v2': templatesOf(operations),
  '/admin': templatesOf(administration),
  '/page': templatesOf(pageApi),
} as const

export type Base = keyof typeof bases

/**
 * Finds the operation for a method and a path below the base address of a table. Several slashes count as one: clients join
 * addresses by concatenation. 404 when no operation has the path, 405 when only the method is wrong, 400 for a
 * parameter that percent signs do not encode as they should.
 */
export function findRoute(method: string, path: string, base: Base = '/v2'): Route {
  const segments = split(path)
  const fitting = fittingTemplates(segments, base)
  const template = fitting.find(({ operation }) => methodsOf(operation).includes(method))
  if (template) {
    const parameters: Record<string, string> = {}
    template.segments.forEach((segment, index) => {
      if (!isParameter(segment)) return
      const name = segment.slice(1, -1)
      parameters[name] = decode(name, segments[index] ?? '')
    })
    return { id: template.id, operation: template.operation, parameters }
  }
  if (fitting.length === 0) throw new CallRefusedError(404, 'There is no such resource')
  const allowed = [...new Set(fitting.map(({ operation }) => operation.method))].join(', ')
  throw new CallRefusedError(405, `This resource takes ${allowed}, not ${method}`, {
    headers: { Allow: allowed },
  })
}

/** What asks for a GET asks for its head as well. */
const methodsOf = ({ method, once }: Operation): string[] =>
  method === 'GET' && !once ? ['GET', 'HEAD'] : [method]

const fittingTemplates = (segments: readonly string[], base: Base): Template[] =>
  bases[base].filter(
    (template) =>
      template.segments.length === segments.length &&
      template.segments.every(
        (segment, index) => isParameter(segment) || segment === decoded(segments[index] ?? ''),
      ),
  )

/** The methods of the REST API's calls at a path that are made with an access token. */
export const methodsWithToken = (path: string): string[] => {
  const operations = fittingTemplates(split(path), '/v2').map(({ operation }) => operation)
  const open = operations.filter(({ tokens }) => tokens.length > 0 && !tokens.includes('basic'))
  return [...new Set(open.flatMap(methodsOf))]
}

function split(path: string): string[] {
  return path.split('/').filter(Boolean)
}

const isParameter = (segment: string) => segment.startsWith('{')

function decode(name: string, segment: string): string {
  const text = decoded(segment)
  if (text !== undefined) return text
  throw badRequest(
    encodesText(segment) ? `${name} holds a percent sign that encodes nothing` : `${name} is not valid UTF-8`,
    name,
  )
}
