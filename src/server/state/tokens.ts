import type { TokenRecord } from './records.ts'
import { afterAll, everything, type Key, type StateDatabase, table } from './table.ts'
import type { Webhooks } from './webhooks.ts'

/** A token record, with the hash it is stored by. */
export interface HashedToken {
  readonly hash: string
  readonly token: TokenRecord
}

/** Which tokens: of a user, made by a user for rooms, of an installation, or of a room. */
export type Whose =
  | { readonly userId: number }
  | { readonly madeBy: number }
  | { readonly oauthId: string }
  | { readonly roomId: number }

/** Whom a token was made for by hand: a user or a room. */
export type HandmadeFor = { readonly userId: number } | { readonly roomId: number }

/** Access and refresh tokens, stored by their hashes. */
export interface Tokens {
  get(hash: string): TokenRecord | undefined
  put(hash: string, token: TokenRecord): void
  /** Removes a token. The last token of a grant also removes what was made with it: webhooks, and other tokens. */
  remove(hash: string): boolean
  /** All tokens with their hashes: for tests. */
  all(): HashedToken[]
  /** At most `limit` tokens ordered by hash, after a given one. */
  from(after: string | undefined, limit: number): HashedToken[]
  /** At most `limit` tokens of a user, installation or room. */
  of(whose: Whose, limit?: number): HashedToken[]
  /** Tokens of one sign-in, or of one permission for an add-on. */
  ofGrant(grant: string): HashedToken[]
  /** Tokens made by hand for a user or a room, ordered by hash, after a given one. */
  handmade(place: HandmadeFor, range: { after?: string | undefined; limit: number }): HashedToken[]
  /** At most `limit` rooms that have tokens made by hand, starting at a room. */
  handmadeRooms(from: number, limit: number): number[]
  /** At most `limit` tokens whose hash begins with a string. */
  beginning(hash: string, limit: number): HashedToken[]
  /** Whether a token has neither expired nor been made with a token that has ended. */
  isGood(token: TokenRecord): boolean
  /** Whether a grant has a good token. */
  lives(grant: string): boolean
  /** Builds the indexes, for data of an older version of this server. */
  completeIndexes(): void
  /** Removes the tokens of a user, installation or room: all, or those that match a rule. */
  removeOf(whose: Whose, rule?: (token: TokenRecord) => boolean): void
  /** Removes the tokens that match a rule. Reads all of them: call it when a server starts. */
  removeWhere(rule: (token: TokenRecord) => boolean): void
  /** Removes expired tokens, at most `most`, and reads no others. */
  removeExpired(most?: number): void
}

/** The grant of a token. All tokens of one sign-in, or of one permission for an add-on, share a grant. */
export const grantOf = (hash: string, { session }: TokenRecord): string => session ?? hash

const handmadeKey = (place: HandmadeFor): [string, number] =>
  'userId' in place ? ['user', place.userId] : ['room', place.roomId]

/** Index keys of a token. */
function whoseKeys({ userId, madeBy, oauthId, roomId }: TokenRecord): Key[] {
  return [
    ...(userId === null ? [] : [['user', userId]]),
    ...(madeBy === undefined ? [] : [['maker', madeBy]]),
    ...(oauthId === null ? [] : [['client', oauthId]]),
    ...(roomId === null ? [] : [['room', roomId]]),
  ]
}

function keyOfWhose(whose: Whose): [string, string | number] {
  if ('userId' in whose) return ['user', whose.userId]
  if ('madeBy' in whose) return ['maker', whose.madeBy]
  return 'oauthId' in whose ? ['client', whose.oauthId] : ['room', whose.roomId]
}

/** Index key of a token made by hand: the user who made it for themselves, or the room it is for. */
function makerOf({ kind, userId, roomId, admin }: TokenRecord): Key | undefined {
  if (admin) return undefined
  if (kind === 'personal' && userId !== null) return ['user', userId]
  return kind === 'room_notification' && roomId !== null ? ['room', roomId] : undefined
}

/** Creates the tokens in a database. A grant that ends takes the webhooks with it that were created with it. */
export function createTokens(db: StateDatabase, webhooks: Webhooks): Tokens {
  const tokenTable = table<HashedToken>(db, 'token')
  const expiries = table<string>(db, 'tokenExpiry')
  // By grant: its tokens, and the tokens that were made with them.
  const grantTokens = table<string>(db, 'grantToken')
  const grantMade = table<string>(db, 'grantMade')
  const tokensOf = table<string>(db, 'tokenOf')

  // An index of few tokens: most belong to sessions.
  const handmadeTokens = table<string>(db, 'handmadeToken')
  const found = (hashes: readonly string[]): HashedToken[] =>
    hashes.flatMap((hash) => tokenTable.get(hash) ?? [])

  const lastOf = (keys: readonly Key[]): string[] => keys.map((key) => String(key.at(-1)))

  const tokens: Tokens = {
    get: (hash) => tokenTable.get(hash)?.token,
    put(hash, token) {
      tokenTable.put([hash], { hash, token })
      if (token.expires !== null) expiries.put([token.expires, hash], hash)
      grantTokens.put([grantOf(hash, token), hash], hash)
      const maker = makerOf(token)
      if (maker) handmadeTokens.put([...maker, hash], hash)
      for (const key of whoseKeys(token)) tokensOf.put([...key, hash], hash)
      if (token.madeWith !== undefined) grantMade.put([token.madeWith, hash], hash)
    },
    remove(hash) {
      const token = tokens.get(hash)
      if (!token) return false
      if (token.expires !== null) expiries.remove(token.expires, hash)
      if (token.madeWith !== undefined) grantMade.remove(token.madeWith, hash)
      const maker = makerOf(token)
      if (maker) handmadeTokens.remove(...maker, hash)
      for (const key of whoseKeys(token)) tokensOf.remove(...key, hash)
      const grant = grantOf(hash, token)
      grantTokens.remove(grant, hash)
      tokenTable.remove(hash)
      if (!grantTokens.any(grant)) endGrant(grant)
      return true
    },
    isGood: ({ expires, madeWith }) =>
      (expires === null || expires > Date.now()) && (madeWith === undefined || tokens.lives(madeWith)),
    lives: (grant) =>
      grantTokens.all(grant).some((hash) => {
        const token = tokens.get(hash)
        return token !== undefined && tokens.isGood(token)
      }),
    all: () => tokenTable.all(),
    from: (after, limit) => {
      const from = after === undefined ? [] : [after]
      return found(lastOf(tokenTable.keysFrom(from, { limit, exclusive: after !== undefined })))
    },
    of(whose, limit = everything) {
      const key = keyOfWhose(whose)
      return found(lastOf(tokensOf.keysFrom(key, { to: [...key, afterAll], limit })))
    },
    ofGrant: (grant) => found(grantTokens.all(grant)),
    handmade(place, { after, limit }) {
      const key = handmadeKey(place)
      const from = after === undefined ? key : [...key, after]
      const range = { to: [...key, afterAll], limit, exclusive: after !== undefined }
      return found(lastOf(handmadeTokens.keysFrom(from, range)))
    },
    handmadeRooms(from, limit) {
      const rooms: number[] = []
      for (let next = from; rooms.length < limit; ) {
        const [key] = handmadeTokens.keysFrom(['room', next], { to: ['room', afterAll], limit: 1 })
        if (!key) break
        rooms.push(Number(key[1]))
        next = Number(key[1]) + 1
      }
      return rooms
    },
    beginning: (hash, limit) => found(lastOf(tokenTable.keysFrom([hash], { to: [hash + afterAll], limit }))),
    completeIndexes() {
      for (const { hash, token } of tokenTable.all()) {
        const grant = grantOf(hash, token)
        if (grantTokens.get(grant, hash) === undefined) grantTokens.put([grant, hash], hash)
        const maker = makerOf(token)
        if (maker && handmadeTokens.get(...maker, hash) === undefined)
          handmadeTokens.put([...maker, hash], hash)
        for (const key of whoseKeys(token))
          if (tokensOf.get(...key, hash) === undefined) tokensOf.put([...key, hash], hash)
      }
    },
    removeOf(whose, rule = () => true) {
      for (const { hash, token } of tokens.of(whose)) if (rule(token)) tokens.remove(hash)
    },
    removeWhere(rule) {
      for (const { hash, token } of tokenTable.all()) if (rule(token)) tokens.remove(hash)
    },
    removeExpired(most = everything) {
      for (const hash of [...expiries.backwards([], { from: Date.now(), limit: most })]) tokens.remove(hash)
    },
  }

  function endGrant(grant: string): void {
    webhooks.removeOfGrant(grant)
    for (const hash of grantMade.all(grant)) tokens.remove(hash)
  }

  return tokens
}
