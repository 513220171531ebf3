import { isLongEnough, shortestPassword } from './auth/passwords.ts'
import type { Seed } from './seed-schema.ts'

/** Least number of characters of an administrator token on a server that other machines can reach. */
const shortestToken = 20

/** The options that must be safe on a server that other machines can reach. */
export interface Hosted {
  readonly adminToken: string | undefined
  readonly seed: Seed | undefined
}

/**
 * Credentials that are missing or too weak on a server that other machines can reach. The defaults for development
 * are not safe there.
 */
export function missingFor({ adminToken, seed }: Hosted): string[] {
  const missing: string[] = []
  if (adminToken === undefined)
    missing.push(`adminToken must be given, with at least ${shortestToken} characters`)
  else if (adminToken.length < shortestToken || new Set(adminToken).size < 8)
    missing.push(
      `adminToken must have at least ${shortestToken} characters, at least 8 of them different: generate it at random`,
    )
  const open = (seed?.users ?? []).filter(({ password }) => password === undefined)
  if (open.length > 0)
    missing.push(
      `seed must give a password to ${open.map(({ mentionName }) => `@${mentionName}`).join(', ')}`,
    )
  const weak = (seed?.users ?? []).filter(({ password }) => password !== undefined && !isLongEnough(password))
  if (weak.length > 0)
    missing.push(
      `seed must give a password of ${shortestPassword} characters or more to ${weak.map(({ mentionName }) => `@${mentionName}`).join(', ')}`,
    )
  return missing
}
