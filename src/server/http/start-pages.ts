import { type Html, html } from '../../common/html.ts'
import { type Page, page } from './html-page.ts'

/** The page at a path of this server; `undefined` when there is none. `chat` is whether there is a chat page. */
export function pageAt(
  path: string,
  query: URLSearchParams,
  publicUrl: string,
  chat: boolean,
): Page | undefined {
  switch (path) {
    case '/':
      return page('HipChat-compatible server', frontPage(publicUrl))
    case '/addons/install':
      return page('Install an add-on', installPage(query, chat), { script: installScript })
    default:
      return undefined
  }
}

const frontPage = (publicUrl: string): Html => html`
<p>The API is at <code>${publicUrl}/v2</code>, its capabilities document at
<code>${publicUrl}/v2/capabilities</code>.</p>
<p><a href="/addons/install">Install an add-on</a></p>`

/**
 * The page that install links open: `/addons/install?url=…&room=…` (HipChat's guide to installation triggers). A
 * link is only a proposal: nothing happens until a person enters a token that may install the add-on, and approves
 * what the page shows. People who are signed in to the chat page continue there, where they need no token; others
 * can follow the link to it.
 */
function installPage(query: URLSearchParams, chat: boolean): Html {
  const url = query.get('url') ?? ''
  const host = URL.canParse(url) ? new URL(url).host || new URL(url).protocol : undefined
  return html`
${chat && html`<p><a id="chat" href="${chatAddress(query)}">Install it on the chat page</a>: there you need no token.</p>`}
${host && html`<p>Its descriptor comes from <strong>${host}</strong>. Install it only if you know who that is.</p>`}
<form id="install">
  <label for="url">Address of the descriptor</label>
  <input id="url" required value="${url}">
  <label for="room">Room, by name or id; leave it empty for the whole group</label>
  <input id="room" value="${query.get('room') ?? ''}">
  <label for="token">Your access token: an administrator’s, or that of the owner of the room</label>
  <input id="token" type="password" required autocomplete="off">
  <p><button>Show what it asks for</button></p>
</form>
<section id="proposal" hidden>
  <h2 id="name"></h2>
  <p id="about"></p>
  <p id="origin"></p>
  <ul id="scopes"></ul>
  <div id="warnings" role="alert"></div>
  <p><button id="approve" type="button">Approve and install</button></p>
</section>
<p id="outcome" role="status"></p>`
}

/** The same proposal as a link to the chat page's add-ons. */
function chatAddress(query: URLSearchParams): string {
  const search = new URLSearchParams()
  for (const [name, here] of [
    ['install', 'url'],
    ['room', 'room'],
    ['relayState', 'relayState'],
  ] as const) {
    const value = query.get(here)
    if (value !== null) search.set(name, value)
  }
  return search.size > 0 ? `/chat/addons?${search}` : '/chat/addons'
}

// A descriptor is not trusted: its texts are shown as plain text, and exactly what was shown is approved.
const installScript = `
  const field = (id) => document.getElementById(id)
  const text = (id, content) => { field(id).textContent = content }
  const parameters = new URLSearchParams(location.search)
  let approved

  // People who are signed in to the chat page, in this tab or permanently, continue there.
  try {
    const chat = field('chat')
    if (chat && (sessionStorage.getItem('hipchat-session') || localStorage.getItem('hipchat-session')))
      location.replace(chat.href)
  } catch {
    // There is no storage here: the page works without it.
  }

  async function call(path, body) {
    const answer = await fetch(path, {
      method: 'POST',
      headers: { authorization: 'Bearer ' + field('token').value.trim(), 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const result = await answer.json()
    if (!answer.ok) throw new Error(result.error.message)
    return result
  }

  async function step(what, work) {
    text('outcome', what)
    try {
      await work()
    } catch (error) {
      text('outcome', error.message)
    }
  }

  field('install').addEventListener('input', () => { field('proposal').hidden = true })

  field('install').addEventListener('submit', (event) => {
    event.preventDefault()
    const room = field('room').value.trim()
    const body = { url: field('url').value.trim(), ...(room ? { room_id: room } : {}) }
    step('Reading the descriptor…', async () => {
      const found = await call('/admin/proposal', body)
      approved = { ...body, scopes: found.scopes.map((scope) => scope.id) }
      text('name', found.name + (found.update ? ' (installed already: this updates it)' : ''))
      text('about', found.description)
      text('origin', 'From ' + found.host + (found.vendor ? ', by ' + found.vendor : '') + '.')
      field('scopes').replaceChildren(...found.scopes.map((scope) => {
        const item = document.createElement('li')
        item.textContent = scope.name + ': ' + scope.description + (found.update && scope.isNew ? ' (new)' : '')
        return item
      }))
      field('warnings').replaceChildren(...found.warnings.map((warning) => {
        const line = document.createElement('p')
        line.textContent = warning
        return line
      }))
      field('warnings').hidden = found.warnings.length === 0
      field('proposal').hidden = false
      text('outcome', found.scopes.length ? '' : 'It asks for nothing.')
    })
  })

  field('approve').addEventListener('click', () => step('Installing…', async () => {
    const relayState = parameters.get('relayState')
    const result = await call('/v2/addon', { ...approved, ...(relayState === null ? {} : { relay_state: relayState }) })
    field('proposal').hidden = true
    if (result.installed_url) location.href = result.installed_url
    else text('outcome', 'Installed: ' + result.key)
  }))
`
