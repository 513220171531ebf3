import { type Html, html } from 'hipchat-addon'
import type { Task } from './tasks.ts'

/** The content of the glance next to the chat. */
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
${tasks.length === 0 && html`<p>Nothing to do. Write <code>/todo water the plants</code> in the room.</p>`}
<p role="alert"></p>
<p><button type="button" data-open="add">Add a task…</button></p>`

/** The dialog to add a task. The chat page draws its buttons. */
export const form = (): Html => html`
<form>
  <label>Task <input name="text" required maxlength="200" autofocus></label>
  <p role="alert"></p>
</form>`
