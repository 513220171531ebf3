import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Scope } from '../api/scopes.ts'

/**
 * The add-on, installed in a group or a room. Contains no secret: it may be logged, serialised and passed on.
 */
export interface Installation {
  /** Id of this installation's OAuth client, and the issuer of its signed requests. */
  readonly oauthId: string
  /** HipChat's id of the group. Some servers do not send it at installation; then it comes with the first token. */
  readonly groupId: number | undefined
  /** Name of the group; `undefined` if the token endpoint did not send it. */
  readonly groupName: string | undefined
  /** Id of the room that the add-on was installed in; `undefined` for a global installation. */
  readonly roomId: number | undefined
  /** Address of the server's capabilities document. */
  readonly capabilitiesUrl: string
  /** Base address of the REST API, with a slash at the end. */
  readonly apiUrl: string
  /** Address of the token endpoint. */
  readonly tokenUrl: string
  /** The server's web address, if its capabilities document names one. */
  readonly homepage: string | undefined
  /** The approved scopes, which are those of the last access token. A changed descriptor has no effect until an update. */
  readonly scopes: readonly Scope[]
  /** ETag of the descriptor that the add-on served at installation or at the last update. */
  readonly descriptorEtag: string
  /** When the add-on was installed. */
  readonly installedAt: Date
  /** When the installation last changed; at first the same as `installedAt`. */
  readonly updatedAt: Date
  /**
   * When the token endpoint first rejected the credentials; `undefined` while it accepts them. The add-on was probably
   * removed without notice. The installation is kept, since servers are restored from backups and make mistakes.
   */
  readonly rejectedSince: Date | undefined
}

/** An installation with its secret. The secret is held only as a key object, which never prints its bytes. */
export interface Credentials {
  readonly installation: Installation
  /** Key of the signed requests; its bytes are the `oauthSecret`. */
  readonly key: KeyObject
  /** Set while its hooks run. If it is still set later, the process ended during the hooks and the server got no answer. */
  readonly unconfirmed?: boolean
  /** ETag of the descriptor for which an unsigned update was already announced, so that it is announced once. */
  readonly announcedEtag?: string
}

/**
 * Whether a string can be the id of an OAuth client: printable ASCII as in RFC 6749, without spaces. HipChat's ids are
 * UUIDs. Other strings are never looked up, since not every string can be a store key.
 */
export const isOauthId = (text: string): boolean => /^[\x21-\x7e]{1,255}$/.test(text)

/** The origin of an installation's server. Ids of users and rooms are only unique within one origin. */
export const originOf = (installation: Installation): string => new URL(installation.capabilitiesUrl).origin

/**
 * Whether two records belong to one installation. An update changes a record. An add-on that was removed and installed
 * again has another installation, even under the same `oauthId`.
 */
export const isSame = (one: Installation, other: Installation): boolean =>
  one === other ||
  (one.oauthId === other.oauthId &&
    one.installedAt.getTime() === other.installedAt.getTime() &&
    originOf(one) === originOf(other))

/** The `oauthSecret`. Only the request to the token endpoint needs it. */
export const secretOf = (credentials: Credentials): string => credentials.key.export().toString('utf8')

/** The `oauthSecret` as the key that signs and verifies requests. */
export const keyOf = (secret: string): KeyObject => createSecretKey(Buffer.from(secret, 'utf8'))
