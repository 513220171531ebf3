/* global HipChat */
// The script of all pages of this add-on: each page uses the elements that it has.

const token = document.querySelector('meta[name="session-token"]').content

/** Posts to a route of the add-on, as the viewer of the page. */
async function post(path, body) {
  const answer = await fetch(`../${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

function showError(error) {
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

// All events in one call: another call would replace them.
HipChat.register({
  // The board shows the deployments from when it was opened: load it again when the glance changes.
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
        showError(error)
        done(false) // the dialog stays open
      },
    )
  },
})
