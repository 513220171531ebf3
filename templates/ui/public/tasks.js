/* global HipChat */
// What the pages do in a browser: the panel and the dialog share this file, and each finds what it has.

let token = document.querySelector('meta[name="session-token"]').content

/** Posts to a route of the add-on, as who looks at the page. */
async function post(path, body) {
  const answer = await fetch(`../${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  token = answer.headers.get('Session-Token') ?? token
  if (!answer.ok) throw new Error(await answer.text())
}

function complain(error) {
  document.querySelector('[role=alert]').textContent = error.message
}

for (const button of document.querySelectorAll('[data-done]'))
  button.addEventListener('click', () => {
    button.disabled = true
    post('done', { id: Number(button.dataset.done) }).then(() => location.reload(), complain)
  })

document
  .querySelector('[data-open]')
  ?.addEventListener('click', (event) => HipChat.dialog.open({ key: event.target.dataset.open }))

const form = document.querySelector('form')

// All events in one call: the next one would take their place.
HipChat.register({
  // The panel is of the moment at which it was opened: whatever moves the glance, moves it.
  'glance-update': () => {
    if (!form) location.reload()
  },
  'dialog-button-click': (event, close) => {
    if (event.action !== 'add') return close(true)
    post('tasks', Object.fromEntries(new FormData(form))).then(
      () => close(true),
      (error) => {
        complain(error)
        close(false) // the dialog stays open
      },
    )
  },
})
