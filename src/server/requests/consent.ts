import type Koa from 'koa'
import { readBody } from '../../common/body.ts'
import type { Consent, ConsentAnswer } from '../auth/consent.ts'
import type { Allowances } from '../auth/rate-limits.ts'
import { CallRefusedError } from '../errors.ts'
import { bodyTimeout, checkFields } from '../http/parsing.ts'
import { applyCount, type Call } from './call.ts'

const longestForm = 64 * 1024

/** Serves the consent page and its form. */
export async function serveConsent(
  ctx: Koa.Context,
  call: Call,
  consent: Consent,
  allowances: Allowances,
): Promise<void> {
  if (!/^(GET|HEAD|POST)$/.test(call.method))
    throw new CallRefusedError(405, `This page takes GET and POST, not ${call.method}`, {
      headers: { Allow: 'GET, POST' },
    })
  applyCount(ctx, call, allowances.ofAddress(call.address))
  checkFields(call.search)
  const found =
    call.method === 'POST'
      ? await consent.decide(await readForm(ctx), call.address)
      : await consent.ask(call.query)
  showConsent(ctx, found)
}

function showConsent(ctx: Koa.Context, found: ConsentAnswer): void {
  if ('redirect' in found) {
    ctx.status = 303 // 303 makes the browser follow with a GET
    ctx.set({ Location: found.redirect, 'Referrer-Policy': 'no-referrer' })
    ctx.body = ''
    return
  }
  ctx.status = found.status
  ctx.set({ ...found.page.headers, ...found.headers })
  ctx.body = found.page.body
}

async function readForm(ctx: Koa.Context): Promise<URLSearchParams> {
  if (!ctx.is('application/x-www-form-urlencoded'))
    throw new CallRefusedError(415, 'This page takes application/x-www-form-urlencoded')
  const text = await readBody(ctx.req, longestForm, bodyTimeout)
  checkFields(text)
  return new URLSearchParams(text)
}
