/** An API call of an add-on, as tests and the chat page show it. */
export interface ApiCall {
  /** Number of the call, counted from the start of the server. */
  readonly id: number
  /** When it was answered, in ISO 8601. */
  readonly at: string
  /** OAuth id of the installation that called. */
  readonly oauth_id: string
  /** Verb of the request. */
  readonly method: string
  /** Without the query string, which may contain secrets. */
  readonly path: string
  /** Id of the operation; null when no operation has this path. */
  readonly operation: string | null
  /** HTTP status of the answer. */
  readonly status: number
  /** In milliseconds. */
  readonly duration: number
  /** Message of the refusal; null for a call that succeeded. */
  readonly error: string | null
}

/** The newest 500 API calls of all add-ons, kept in memory. */
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
