import type { ApiCall } from '../chat-page/events.ts'

/** What add-ons asked of the API, for whoever looks on. In memory: the newest 500 of all. */
export interface Calls {
  add(call: Omit<ApiCall, 'id' | 'at'>): void
  /** Newest first. */
  list(filter: { readonly oauthId?: string; readonly limit: number }): ApiCall[]
  clear(): void
}

const kept = 500

export function createCalls(tell: (call: ApiCall) => void): Calls {
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
