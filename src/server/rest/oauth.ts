import type { Caller } from '../auth/callers.ts'
import { grants } from '../auth/token-endpoint.ts'
import { endToken } from '../auth/tokens.ts'
import type { Handlers } from '../context.ts'
import { CallRefusedError } from '../errors.ts'
import type { TokenRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { hashOf } from '../state/token-hash.ts'

export const oauthHandlers: Pick<Handlers, 'generateToken' | 'getSession' | 'deleteSession'> = {
  generateToken: (request, caller, context) => grants[request.grant_type](request, caller, context),

  getSession({ access_token }, caller, { state, present }) {
    const text = String(access_token)
    const { token } = ownToken(text, caller, state)
    return {
      access_token: text,
      ...(token.expires === null
        ? {}
        : { expires_in: Math.max(0, Math.ceil((token.expires - Date.now()) / 1000)) }),
      ...present.session(token),
      links: { self: caller.url.href },
    }
  },

  /** Deletes all tokens of the sign-in, including those from its refresh tokens. */
  async deleteSession({ access_token }, caller, { state }) {
    const { hash } = ownToken(String(access_token), caller, state)
    await state.write(() => endToken(state, hash))
    return undefined
  },
}

/** 404 for every token except the one the call is made with; the message must not repeat it. */
function ownToken(text: string, { tokenHash }: Caller, state: State): { hash: string; token: TokenRecord } {
  const hash = hashOf(text)
  const token = hash === tokenHash ? state.tokens.get(hash) : undefined
  if (!token) throw new CallRefusedError(404, 'A session can only be found with its own token')
  return { hash, token }
}
