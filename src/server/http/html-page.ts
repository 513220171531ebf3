import { createHash } from 'node:crypto'
import { Html, html } from '../../common/html.ts'
import type { Bytes } from '../state/blobs.ts'

/** A page or picture with its headers. */
export interface Page {
  readonly headers: Readonly<Record<string, string>>
  /** Content that is not in memory is read in pieces. */
  readonly body: string | Buffer | Bytes
}

interface PageParts {
  /** The only script that runs on it. */
  readonly script?: string
  /**
   * Whether it has a form that is sent to this server. The target is not limited further: browsers apply
   * `form-action` to every redirect that follows, and the add-on may redirect anywhere.
   */
  readonly form?: boolean
}

/** A page that loads nothing, and that no other page can frame. */
export function page(title: string, content: Html, { script, form = false }: PageParts = {}): Page {
  const run = script === undefined ? '' : `script-src 'sha256-${digest(script)}'; connect-src 'self'; `
  const send = form ? "'self' http: https:" : "'none'"
  return {
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': `default-src 'none'; style-src 'unsafe-inline'; ${run}base-uri 'none'; form-action ${send}; frame-ancestors 'none'`,
      // With `no-referrer`, browsers send a form with the origin `null`.
      'Referrer-Policy': form ? 'same-origin' : 'no-referrer',
      'X-Frame-Options': 'DENY',
    },
    body: html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #172b4d }
  code, input { font: 14px/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
  input { width: 100%; padding: .5rem; box-sizing: border-box; border: 1px solid #c1c7d0; border-radius: 3px }
  button { padding: .5rem 1rem; border: 0; border-radius: 3px; background: #0052cc; color: #fff; font: inherit }
  button.second { background: #f4f5f7; color: #172b4d }
  li { margin: .5rem 0 }
  small { display: block; color: #5e6c84 }
  [role=alert] { padding: .5rem 1rem; border-left: 4px solid #de350b; background: #ffebe6 }
  label { display: block; margin: 1rem 0 .25rem }
</style>
<h1>${title}</h1>
${content}
${script !== undefined && html`<script>${new Html(script)}</script>`}
</html>
`.toString(),
  }
}

const digest = (script: string): string => createHash('sha256').update(script).digest('base64')
