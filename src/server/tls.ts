import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'

/** Certificate and key of a server that serves https itself, in PEM form. */
export interface Tls {
  /** The server's certificate, followed by its intermediate certificates. */
  readonly cert: string
  /** The certificate's private key, without a passphrase. */
  readonly key: string
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
