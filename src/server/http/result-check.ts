import type { Operation, Result } from '../../api/operation.ts'
import { typeName, validate } from '../../common/validate.ts'
import { CallRefusedError } from '../errors.ts'

/** 500 for a result that does not match the table of operations: an error of this server. */
export function checkResult(id: string, { result }: Pick<Operation, 'result'>, value: unknown): void {
  const fault = faultOf(result, value)
  if (fault !== undefined) throw new CallRefusedError(500, `${id} would answer with a wrong result: ${fault}`)
}

function faultOf(result: Result, value: unknown): string | undefined {
  switch (result.kind) {
    case 'json': {
      const checked = validate(result.schema, value)
      return checked.ok ? undefined : checked.problem.message
    }
    case 'redirect':
      return typeof value === 'string' && URL.canParse(value)
        ? undefined
        : `expected an absolute address, got ${typeName(value)}`
    case 'empty':
      return value === undefined ? undefined : `expected nothing, got ${typeName(value)}`
  }
}
