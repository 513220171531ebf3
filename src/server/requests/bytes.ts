import type Koa from 'koa'
import type { Sending, Transfers } from '../http/transfers.ts'
import { pieceLength } from '../state/blobs.ts'

/** Sends small bodies at once, and large ones as fast as the client reads them. */
export function sendBytes(ctx: Koa.Context, transfers: Transfers, sending: Omit<Sending, 'response'>): void {
  const { bytes, from, to } = sending
  const length = to - from
  if (ctx.method === 'HEAD') ctx.body = ''
  else if (length <= pieceLength) ctx.body = Buffer.concat([...bytes.read(from, to)])
  else ctx.body = transfers.send({ ...sending, response: ctx.res })
  ctx.length = length
}
