import type Koa from 'koa'
import { addressIdentity } from '../auth/rate-limits.ts'
import { fileAt } from '../chat/files.ts'
import { pictureAt } from '../chat/pictures.ts'
import { assetAt } from '../chat-page/assets.ts'
import { CallRefusedError } from '../errors.ts'
import { byteRangeOf } from '../http/byte-range.ts'
import type { Page } from '../http/html-page.ts'
import { descriptionAt } from '../http/openapi.ts'
import { pageAt } from '../http/start-pages.ts'
import type { Transfers } from '../http/transfers.ts'
import { inMemory, pieceLength } from '../state/blobs.ts'
import type { State } from '../state/state.ts'
import { sendBytes } from './bytes.ts'
import type { Call } from './call.ts'

/** The page at a path that anyone who knows its address may read. */
export const pageFor = ({ path, query }: Call, state: State, publicUrl: string): Page | undefined =>
  assetAt(path) ??
  pageAt(path, query, publicUrl, assetAt('/') !== undefined) ??
  pictureAt(path, state) ??
  fileAt(path, state) ??
  descriptionAt(path)

/** Sends a page that is the same for every caller: all of it, a range, or 304 when it has not changed. */
export function sendPage(
  ctx: Koa.Context,
  { address }: Call,
  { headers, body }: Page,
  transfers: Transfers,
): void {
  const caller = addressIdentity(address)
  transfers.check(caller)
  const bytes = typeof body === 'object' && 'read' in body ? body : inMemory(Buffer.from(body))
  ctx.set({ ...headers, 'Accept-Ranges': 'bytes' })
  ctx.status = 200
  if (ctx.fresh) {
    ctx.status = 304
    return
  }
  const unchanged = [ctx.response.get('etag'), ''].includes(ctx.get('if-range'))
  const range = unchanged && ctx.method === 'GET' ? byteRangeOf(ctx.get('range'), bytes.size) : undefined
  if (range === 'unsatisfiable')
    throw new CallRefusedError(416, `There are ${bytes.size} bytes, expected a range within them`, {
      headers: { 'Content-Range': `bytes */${bytes.size}` },
    })
  if (range) {
    ctx.status = 206
    ctx.set('Content-Range', `bytes ${range.from}-${range.to - 1}/${bytes.size}`)
  }
  sendBytes(ctx, transfers, { caller, bytes, held: pieceLength, ...(range ?? { from: 0, to: bytes.size }) })
}
