import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { OutboundRules } from '../common/outbound.ts'
import { isLongEnough, shortestPassword } from './auth/passwords.ts'
import type { Seed } from './seed-schema.ts'

/** Certificate and key of a server that serves https itself, in PEM form. */
export interface Tls {
  /** The server's certificate, followed by its intermediate certificates. */
  readonly cert: string
  /** The certificate's private key, without a passphrase. */
  readonly key: string
}

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

/** What is wrong with a certificate and its key; `undefined` when a server can use them. */
export function faultOf({ cert, key }: Tls): string | undefined {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(cert)
  } catch {
    return 'tls.cert must be a certificate in PEM form (-----BEGIN CERTIFICATE-----)'
  }
  let secret: KeyObject
  try {
    secret = createPrivateKey(key)
  } catch {
    return 'tls.key must be a private key in PEM form, without a passphrase'
  }
  if (!certificate.checkPrivateKey(secret)) return 'tls.key must be the key of the certificate in tls.cert'
  return undefined
}

/**
 * Addresses of the operator's own network, for `allowPrivate`: RFC 1918, RFC 6598 and RFC 4193. Without
 * 169.254.0.0/16, where cloud providers hand out the credentials of machines.
 */
export const privateNetwork: OutboundRules = {
  ranges: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
  loopback: true,
  http: true,
}
