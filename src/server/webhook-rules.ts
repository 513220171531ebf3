import { type Outbound, OutboundRefusedError } from '../common/outbound.ts'
import { badRequest } from './errors.ts'
import { compilePattern, PatternRefusedError } from './patterns.ts'

/** 400 for an address that the egress rules do not allow, or that is none. */
export function checkUrl(url: string, outbound: Outbound, field: string): void {
  try {
    outbound.check(url)
  } catch (error) {
    if (error instanceof OutboundRefusedError) throw badRequest(`${field}: ${error.message}`, field)
    throw error
  }
}

/** 400 for a pattern that cannot be run. */
export function checkPattern(pattern: string, field: string): void {
  try {
    compilePattern(pattern)
  } catch (error) {
    if (error instanceof PatternRefusedError) throw badRequest(`${field} ${error.message}`, field)
    throw error
  }
}
