// The measured add-on, as it is published, and its installation.
import { pathToFileURL } from 'node:url'
import { installed } from './installed.mjs'

export async function openAddon(store, options = {}, register = () => {}) {
  const { createAddon } = await import(pathToFileURL(process.env.BENCH_PACKAGE))
  const addon = createAddon({
    key: 'com.example.bench',
    name: 'Bench',
    description: 'Measured',
    scopes: ['send_notification', 'view_room'],
    store,
    log: false,
    ...options,
  })
  addon.webhook('room_message', { key: 'hook' }, () => {})
  const registered = register(addon)
  const { url } = await addon.listen()
  return { addon, url, registered }
}

/** Installs the add-on, by the URL of its installation callback. */
export async function installOn(callback, hipchat) {
  const answer = await fetch(callback, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...installed,
      capabilitiesUrl: `${hipchat}/v2/capabilities`,
      groupId: 1,
      roomId: 1,
    }),
  })
  if (!answer.ok)
    throw new Error(`the installation was answered with ${answer.status}: ${await answer.text()}`)
}
