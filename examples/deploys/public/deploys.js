/* global HipChat */
// What the pages of this add-on do in a browser. One script for all of them: each finds what it has.

const token = document.querySelector('meta[name="session-token"]').content

/** Posts to a route of the add-on, as who looks at the page. */
async function post(path, body) {
  const answer = await fetch(`../${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

function complain(error) {
  document.querySelector('[role=alert]').textContent = error.message
}

// The board: its buttons open dialogs.
for (const button of document.querySelectorAll('[data-decide]'))
  button.addEventListener('click', () =>
    HipChat.dialog.open({
      key: 'decide',
      urlTemplateValues: { message: { metadata: { deploymentId: Number(button.dataset.decide) } } },
    }),
  )
for (const button of document.querySelectorAll('[data-open]'))
  button.addEventListener('click', () => HipChat.dialog.open({ key: button.dataset.open }))

const question = document.querySelector('[data-deployment]')
const form = document.getElementById('ask')

// All events in one call: the next one would take their place.
HipChat.register({
  // The board is of the moment at which it was opened: whatever moves the glance, moves it.
  'glance-update': () => {
    if (document.querySelector('.deployments')) location.reload()
  },
  'dialog-button-click': (event, done) => {
    if (!/^(approve|refuse|send)$/.test(event.action)) return done(true)
    const work = form
      ? post('deployments', Object.fromEntries(new FormData(form)))
      : post('decisions', {
          id: Number(question?.dataset.deployment),
          state: event.action === 'approve' ? 'approved' : 'refused',
        })
    work.then(
      () => done(true),
      (error) => {
        complain(error)
        done(false) // the dialog stays open
      },
    )
  },
})
