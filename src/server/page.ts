import { createHash } from 'node:crypto'
import { Html, html } from '../common/html.ts'

/** A page or a picture for people, with the headers it is sent with. */
export interface Page {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/** The page at an address below the server's own; `undefined` where there is none. */
export function pageAt(path: string, query: URLSearchParams, publicUrl: string): Page | undefined {
  switch (path) {
    case '/':
      return page('HipChat-compatible server', frontPage(publicUrl))
    case '/addons/install':
      return page('Install an add-on', installPage(query), { script: installScript })
    default:
      return undefined
  }
}

interface PageParts {
  /** The only script that runs on it. */
  readonly script?: string
  /**
   * It has a form that is sent to this server. Where the browser goes from there is not limited: browsers apply
   * `form-action` to every redirect that follows, and the add-on may send them on to wherever it likes.
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
      // With `no-referrer` browsers send a form with the origin `null`, which is nobody's.
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

const frontPage = (publicUrl: string): Html => html`
<p>The API is at <code>${publicUrl}/v2</code>, its capabilities document at
<code>${publicUrl}/v2/capabilities</code>.</p>
<p><a href="/addons/install">Install an add-on</a></p>`

/**
 * Where install links lead: `/addons/install?url=…&room=…` (HipChat's guide to installation triggers). A link is only a
 * proposal: nothing happens until somebody gives a token that may install, after he has seen whose descriptor it is.
 */
function installPage(query: URLSearchParams): Html {
  const url = query.get('url') ?? ''
  const host = URL.canParse(url) ? new URL(url).host || new URL(url).protocol : undefined
  return html`
${host && html`<p>Its descriptor comes from <strong>${host}</strong>. Install it only if you know who that is.</p>`}
<form id="install">
  <label for="url">Address of the descriptor</label>
  <input id="url" required value="${url}">
  <label for="room">Room, by name or id; leave it empty for the whole group</label>
  <input id="room" value="${query.get('room') ?? ''}">
  <label for="token">Your access token: an administrator’s, or the room owner’s for his room</label>
  <input id="token" type="password" required autocomplete="off">
  <p><button>Install</button></p>
</form>
<p id="outcome" role="status"></p>`
}

const installScript = `
  const field = (id) => document.getElementById(id)
  field('install').addEventListener('submit', async (event) => {
    event.preventDefault()
    const room = field('room').value.trim()
    const body = { url: field('url').value.trim(), ...(room ? { room_id: room } : {}) }
    field('outcome').textContent = 'Installing…'
    try {
      const answer = await fetch('/v2/addon', {
        method: 'POST',
        headers: { authorization: 'Bearer ' + field('token').value.trim(), 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const result = await answer.json()
      if (!answer.ok) field('outcome').textContent = result.error.message
      else if (result.installed_url) location.href = result.installed_url
      else field('outcome').textContent = 'Installed: ' + result.key
    } catch (error) {
      field('outcome').textContent = 'The server could not be reached: ' + error.message
    }
  })
`
