import { scopes as known, type Scope } from '../../api/scopes.ts'
import { html } from '../../common/html.ts'
import { type Page, page } from '../http/html-page.ts'

/** Address that add-ons send users to for their consent. The capabilities document contains it. */
export const consentPath = '/users/authorize'

/** What the consent page shows. */
export interface Asking {
  readonly addon: string
  /** Host that the browser goes to afterwards. */
  readonly host: string
  readonly group: string
  /** Name of the room that the add-on is installed in; `undefined` for the whole group. */
  readonly room: string | undefined
  readonly scopes: readonly Scope[]
  /** The signed request; see `consent.ts`. */
  readonly form: string
  /** The user name entered before, and what was wrong. */
  readonly again?: { readonly username: string; readonly problem: string }
}

/** Asks a user whether an add-on may act in their name. Works without scripts and cookies. */
export const consentPage = ({ addon, host, group, room, scopes, form, again }: Asking): Page =>
  page(
    `Allow ${addon} to act in your name?`,
    html`
<p><strong>${addon}</strong> is installed in ${room === undefined ? 'the group' : `the room ${room} of the group`}
<strong>${group}</strong>. With your permission it may, as you and with your rights:</p>
<ul>${scopes.map((scope) => html`<li>${known[scope].name}<small>${known[scope].description}</small></li>`)}</ul>
${scopes.length === 0 && html`<p>Only know who you are.</p>`}
<p>Afterwards your browser goes on to <strong>${host}</strong>.</p>
${again && html`<p role="alert">${again.problem}</p>`}
<form method="post" action="${consentPath}">
  <input type="hidden" name="form" value="${form}">
  <label for="username">Your email address or mention name</label>
  <input id="username" name="username" required autocomplete="username" autocapitalize="none" value="${again?.username ?? ''}">
  <label for="password">Your password</label>
  <input id="password" name="password" type="password" required autocomplete="current-password">
  <p>
    <button name="decision" value="allow">Allow</button>
    <button name="decision" value="deny" class="second" formnovalidate>Deny</button>
  </p>
</form>`,
    { form: true },
  )

/** For a request whose address must not get an answer, since it is not known to be the add-on's. */
export const refusalPage = (problem: string): Page =>
  page(
    'This link does not work',
    html`<p role="alert">${problem}</p><p>Go back to where you came from, and try again.</p>`,
  )
