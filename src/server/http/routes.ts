import type { Operation } from '../../api/operation.ts'
import { operations } from '../../api/operations/index.ts'
import { decoded, encodesText } from '../../common/well-formed.ts'
import { badRequest, CallRefusedError } from '../errors.ts'

/** The operation that a request names, with its path parameters decoded. */
export interface Route {
  /** Its id in its table. */
  readonly id: string
  readonly operation: Operation
  readonly parameters: Readonly<Record<string, string>>
}

interface Template {
  readonly id: string
  readonly operation: Operation
  readonly segments: readonly string[]
}

/** Finds the operations of a table by method and path. */
export interface Router {
  /**
   * Finds the operation for a method and a path below the table's base address. Several slashes count as one, since
   * clients join addresses by concatenation.
   *
   * @throws {CallRefusedError} 404 when no operation has the path, 405 when only the method is wrong, 400 for a
   * parameter that is not percent-encoded correctly.
   */
  find(method: string, path: string): Route
  /** The operations at a path, with any method. */
  at(path: string): Operation[]
}

/** Creates the router of a table of operations. */
export function createRouter(table: Readonly<Record<string, Operation>>): Router {
  const templates: readonly Template[] = Object.entries(table).map(([id, operation]) => ({
    id,
    operation,
    segments: split(operation.path),
  }))

  const fitting = (segments: readonly string[]): Template[] =>
    templates.filter(
      (template) =>
        template.segments.length === segments.length &&
        template.segments.every(
          (segment, index) => isParameter(segment) || segment === decoded(segments[index] ?? ''),
        ),
    )

  return {
    find(method, path) {
      const segments = split(path)
      const found = fitting(segments)
      const template = found.find(({ operation }) => methodsOf(operation).includes(method))
      if (template)
        return { id: template.id, operation: template.operation, parameters: valuesOf(template, segments) }
      if (found.length === 0) throw new CallRefusedError(404, 'There is no such resource')
      const allowed = [...new Set(found.map(({ operation }) => operation.method))].join(', ')
      throw new CallRefusedError(405, `This resource takes ${allowed}, not ${method}`, {
        headers: { Allow: allowed },
      })
    },
    at: (path) => fitting(split(path)).map(({ operation }) => operation),
  }
}

/** The methods of an operation: a GET also answers HEAD. */
export const methodsOf = ({ method, once }: Operation): string[] =>
  method === 'GET' && !once ? ['GET', 'HEAD'] : [method]

/** Router of the REST API v2. */
export const restRouter = createRouter(operations)

function valuesOf({ segments: names }: Template, segments: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {}
  names.forEach((name, index) => {
    if (!isParameter(name)) return
    const parameter = name.slice(1, -1)
    values[parameter] = decode(parameter, segments[index] ?? '')
  })
  return values
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
