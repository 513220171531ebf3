/* global HipChat */
// The script of the panel and the dialog: each page uses the elements that it has.

let token = document.querySelector('meta[name="session-token"]').content

/** Posts to a route of the add-on, as the viewer of the page. */
async function post(path, body) {
  const answer = await fetch(`../${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  token = answer.headers.get('Session-Token') ?? token
  if (!answer.ok) throw new Error(await answer.text())
}

function showError(error) {
  document.querySelector('[role=alert]').textContent = error.message
}

for (const button of document.querySelectorAll('[data-done]'))
  button.addEventListener('click', () => {
    button.disabled = true
    post('done', { id: Number(button.dataset.done) }).then(() => location.reload(), showError)
  })

document
  .querySelector('[data-open]')
  ?.addEventListener('click', (event) => HipChat.dialog.open({ key: event.target.dataset.open }))

const form = document.querySelector('form')

// All events in one call: another call would replace them.
HipChat.register({
  // The panel shows the tasks from when it was opened: load it again when the glance changes.
  'glance-update': () => {
    if (!form) location.reload()
  },
  'dialog-button-click': (event, close) => {
    if (event.action !== 'add') return close(true)
    post('tasks', Object.fromEntries(new FormData(form))).then(
      () => close(true),
      (error) => {
        showError(error)
        close(false) // the dialog stays open
      },
    )
  },
})
