import { type Html, html } from 'hipchat-addon'
import type { Task } from './tasks.ts'

/** What the glance beside the chat shows. */
export const glanceOf = (tasks: readonly Task[]) => ({
  label: html`<b>${tasks.length}</b> to do`,
  metadata: { open: tasks.length },
})

/** The panel that the glance opens. */
export const panel = (tasks: readonly Task[]): Html => html`
<ul>
${tasks.map(
  ({ id, text }) =>
    html`<li>${text} <button type="button" data-done="${id}" aria-label="Done: ${text}">Done</button></li>`,
)}
</ul>
${tasks.length === 0 && html`<p>Nothing to do. Say <code>/todo water the plants</code> in the room.</p>`}
<p role="alert"></p>
<p><button type="button" data-open="add">Add a task…</button></p>`

/** The dialog in which a task is added. Its buttons are HipChat's. */
export const form = (): Html => html`
<form>
  <label>What is to be done? <input name="text" required maxlength="200" autofocus></label>
  <p role="alert"></p>
</form>`
