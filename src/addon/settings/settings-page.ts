import { type Html, html } from '../../common/html.ts'
import { type PageParts, page } from '../pages/page.ts'
import type { SettingsField, SettingsFields } from './fields.ts'
import { removalOf } from './submitted-form.ts'

/** The notice above the form of a settings page. */
export type Notice = 'saved' | 'saved, but' | 'wrong' | 'expired'

/** The content of a settings page. */
export interface SettingsDrawing {
  readonly title: string | undefined
  readonly description: string | Html | undefined
  readonly fields: SettingsFields
  /** The text in each field; without secrets. */
  readonly written: ReadonlyMap<string, string>
  /** Names of the secrets that have a stored value. */
  readonly kept: readonly string[]
  readonly errors: ReadonlyMap<string, string>
  readonly notice: Notice | undefined
  /** `undefined` if the form can no longer be submitted. */
  readonly sessionToken: string | undefined
}

const style = html`<style>
  :root { color-scheme: light; --text: #172b4d; --back: #fff; --faint: #5e6c84; --line: #c1c7d0; --bad: #bf2600; --good: #006644; --act: #0052cc }
  [data-theme=dark] { color-scheme: dark; --text: #e6e9ee; --back: #1d2125; --faint: #9fadbc; --line: #596773; --bad: #ff9c8f; --good: #7ee2b8; --act: #0c66e4 }
  body { font: 14px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 36rem; margin: 1rem auto; padding: 0 1rem }
  h1 { font-size: 1.25rem }
  label, legend { display: block; font-weight: 600 }
  .box label { display: inline; font-weight: normal }
  .field { margin: 1rem 0 }
  input:not([type=checkbox]), textarea, select { display: block; width: 100%; box-sizing: border-box; padding: .4rem .5rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 3px }
  select option { color: #172b4d; background: #fff }
  [aria-invalid=true] { border-color: var(--bad) }
  .hint { color: var(--faint); margin: .2rem 0 }
  .error, [role=alert] { color: var(--bad) }
  .error { margin: .2rem 0 }
  [role=status] { color: var(--good) }
  [role=alert], [role=status] { border-left: 4px solid; padding: .25rem .75rem }
  button { padding: .45rem 1rem; border: 0; border-radius: 3px; background: var(--act); color: #fff; font: inherit }
  button:disabled { opacity: .5 }
</style>`

// Browsers ignore `autofocus` in frames of other origins, and this page is in such a frame.
const focusing = html`\n<script>document.querySelector('[autofocus]').focus()</script>`

const notices: Readonly<Record<Notice, Html>> = {
  saved: html`<p role="status">Saved.</p>`,
  'saved, but': html`<p role="alert">Saved, but the add-on could not act on it. Its log says why.</p>`,
  wrong: html`<p role="alert">Nothing was saved: correct the errors below.</p>`,
  expired: html`<p role="alert">Nothing was saved: this page was open for too long. Your changes are still below, except for passwords; open the page again to save them.</p>`,
}

const statuses: Readonly<Record<Notice, number>> = { saved: 200, 'saved, but': 200, wrong: 422, expired: 401 }

/**
 * Draws the page with the form. It works without JavaScript. Each invalid field has an error message, and
 * the first of them gets the focus.
 */
export function settingsPage(drawing: SettingsDrawing): PageParts {
  const { title, description, fields, errors, notice, sessionToken } = drawing
  const heading = title ?? 'Settings'
  const [first] = errors.keys()
  const content = html`<h1>${heading}</h1>
${notice && notices[notice]}
${description !== undefined && html`<p>${description}</p>`}
<form method="post" action="configure" novalidate>
${sessionToken !== undefined && html`<input type="hidden" name="session" value="${sessionToken}">\n`}${Object.entries(
  fields,
).map(([name, field]) => fieldOf(name, field, drawing, name === first))}
<p><button${sessionToken === undefined && html` disabled`}>Save</button></p>
</form>${first !== undefined && focusing}`
  return page(content, { title: heading, head: style, status: notice ? statuses[notice] : 200 })
}

function fieldOf(name: string, field: SettingsField, drawing: SettingsDrawing, focus: boolean): Html {
  const error = drawing.errors.get(name)
  const notes = [field.hint !== undefined && `${name}-hint`, error !== undefined && `${name}-error`].filter(
    Boolean,
  )
  const common = html`id="${name}" name="${name}"${'required' in field && field.required && html` aria-required="true"`}${
    error !== undefined && html` aria-invalid="true"`
  }${notes.length > 0 && html` aria-describedby="${notes.join(' ')}"`}${focus && html` autofocus`}`
  const label = html`<label for="${name}">${field.label}${'required' in field && field.required && ' *'}</label>`
  const control = controlOf(name, field, common, drawing)
  const below = html`${field.hint !== undefined && html`\n<p class="hint" id="${name}-hint">${field.hint}</p>`}${
    error !== undefined && html`\n<p class="error" id="${name}-error">${error}</p>`
  }`
  return field.type === 'checkbox'
    ? html`<div class="field box">${control} ${label}${below}</div>\n`
    : html`<div class="field">${label}\n${control}${below}</div>\n`
}

function controlOf(
  name: string,
  field: SettingsField,
  common: Html,
  { written, kept }: SettingsDrawing,
): Html {
  const text = written.get(name) ?? ''
  switch (field.type) {
    case 'textarea':
      // Browsers drop a line break right after the tag, so one is added for them to drop.
      return html`<textarea ${common} rows="5">\n${text}</textarea>`
    case 'checkbox':
      return html`<input type="checkbox" ${common} value="on"${text !== '' && html` checked`}>`
    case 'select':
      return html`<select ${common}>${!field.required && field.default === undefined && html`<option value=""></option>`}${Object.entries(
        field.options,
      ).map(
        ([value, shown]) =>
          html`<option value="${value}"${value === text && html` selected`}>${shown}</option>`,
      )}</select>`
    case 'secret':
      return html`<input type="password" ${common} autocomplete="new-password"${
        kept.includes(name) && html` placeholder="kept; leave empty to keep it"`
      }>${
        kept.includes(name) &&
        !field.required &&
        html`\n<span class="box"><input type="checkbox" id="${removalOf(name)}" name="${removalOf(name)}" aria-label="${field.label}: remove it"> <label for="${removalOf(name)}">Remove it</label></span>`
      }`
    case 'number':
      return html`<input type="text" inputmode="decimal" ${common} value="${text}">`
    default:
      return html`<input type="${field.type}" ${common} value="${text}">`
  }
}
