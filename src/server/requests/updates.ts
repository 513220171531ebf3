import type Koa from 'koa'
import { requirePage } from '../auth/call-rights.ts'
import { authenticate } from '../auth/callers.ts'
import type { Allowances } from '../auth/rate-limits.ts'
import type { PageContext } from '../chat-page/context.ts'
import { updatesPath } from '../chat-page/events.ts'
import { CallRefusedError } from '../errors.ts'
import { applyCount, type Call, credentialsOf } from './call.ts'

/** Path of the stream of changes. */
export const updatesAt = `/page${updatesPath}`

/** Streams changes to an open chat page until the page is closed, the user signs out, or the server closes. */
export function openUpdates(
  ctx: Koa.Context,
  call: Call,
  { state, feed }: Pick<PageContext, 'state' | 'feed'>,
  allowances: Allowances,
): void {
  if (call.method !== 'GET')
    throw new CallRefusedError(405, `This resource takes GET, not ${call.method}`, {
      headers: { Allow: 'GET' },
    })
  // Never from the query string, which ends up in logs.
  const caller = authenticate(state, { ...credentialsOf(call), queryToken: undefined })
  requirePage(caller)
  const { tokenHash = '' } = caller
  applyCount(ctx, call, allowances.ofListener(caller))
  ctx.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
  ctx.body = feed.open(call.query.get('after') ?? undefined, {
    tokenHash,
    look() {
      const { expires = null, userId = null } = state.tokens.get(tokenHash) ?? {}
      const user = userId === null ? undefined : state.people.get(userId)
      return user && !user.isDeleted && (expires === null || expires > Date.now())
        ? { user, expires }
        : undefined
    },
  })
}
