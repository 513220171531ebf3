/** An add-on's call of the API, for who looks on. */
export interface ApiCall {
  readonly id: number
  readonly at: string
  readonly oauth_id: string
  readonly method: string
  /** Without the query, which may hold secrets. */
  readonly path: string
  readonly operation: string | null
  readonly status: number
  /** Milliseconds. */
  readonly duration: number
  /** What a refused call was told. */
  readonly error: string | null
}

/** What add-ons asked of the API, for whoever looks on. In memory: the newest 500 of all. */
export interface ApiCallLog {
  add(call: Omit<ApiCall, 'id' | 'at'>): void
  /** Newest first. */
  list(filter: { readonly oauthId?: string; readonly limit: number }): ApiCall[]
  clear(): void
}

const kept = 500

export function createApiCallLog(tell: (call: ApiCall) => void): ApiCallLog {
  let lastId = 0
  let calls: ApiCall[] = []
  return {
    add(about) {
      lastId += 1
      const call = { id: lastId, at: new Date().toISOString(), ...about }
      calls.push(call)
      if (calls.length > 2 * kept) calls = calls.slice(-kept)
      tell(call)
    },
    list: ({ oauthId, limit }) =>
      calls
        .slice(-kept)
        .filter((call) => oauthId === undefined || call.oauth_id === oauthId)
        .slice(-limit)
        .reverse(),
    clear() {
      calls = []
    },
  }
}
