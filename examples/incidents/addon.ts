import { type AddonOptions, createAddon, html } from 'hipchat-addon'

interface Incident {
  readonly id: number
  readonly title: string
  /** The room of the incident. */
  readonly roomId: number
  /** The room in which it was opened, and in which its end is announced. */
  readonly from: number
  readonly openedAt: string
}

/**
 * A room for every incident: `/incident open The site is down` creates one with a topic; in it, `/incident note …` adds to a
 * timeline, and `/incident close` posts a summary and archives the room. Installed for the whole group.
 */
export function createIncidents(options: Partial<AddonOptions> = {}) {
  const addon = createAddon({
    key: 'com.example.incidents',
    name: 'Incidents',
    description: 'A room for every incident.',
    vendor: { name: 'Example', url: 'https://example.com' },
    ...options,
    allowRoom: false,
    scopes: ['send_notification', 'view_group', 'view_messages', 'admin_room', 'manage_rooms'],
  })

  const keyOf = (roomId: number) => `incident:${roomId}`

  addon.command(
    '/incident <what> [words...]',
    { description: 'open TITLE, note TEXT, status, or close' },
    async ({ args, room, sender, store, client, installation, glance }) => {
      const text = args.words.join(' ')
      const incident = await store.get<Incident>(keyOf(room.id))

      if (args.what === 'open') {
        if (!text) return 'Describe what happened: /incident open The site is down'
        const id = (await store.update<number>('count', (count = 0) => count + 1)) ?? 0
        const name = `Incident ${id}`
        const owner = sender?.id
        const created = await client.createRoom({
          name,
          topic: text.slice(0, 250),
          ...(owner === undefined ? {} : { owner_user_id: String(owner) }),
        })
        const opened: Incident = {
          id,
          title: text,
          roomId: created.id,
          from: room.id,
          openedAt: new Date().toISOString(),
        }
        await store.set(keyOf(created.id), opened)
        await addon
          .room(installation, created.id)
          .notify(
            html`<b>${sender?.name}</b> opened this room: ${text}. Write down what you find with <code>/incident note</code>.`,
            {
              color: 'red',
              notify: true,
            },
          )
        await glance.push('open', await glanceOf(store))
        return {
          message: `${name} has its own room ${name}: ${text}`,
          message_format: 'text',
          color: 'red',
        }
      }

      if (args.what === 'status') {
        const all = await openIncidents(store)
        return all.length === 0
          ? 'There are no open incidents.'
          : html`<ul>${all.map(({ id, title }) => html`<li>#${id} ${title}</li>`)}</ul>`
      }

      if (!incident) return 'This is not the room of an incident. Open one: /incident open The site is down'

      if (args.what === 'note') {
        if (!text) return 'Write the note: /incident note The database is full'
        await store.update<string[]>(`notes:${room.id}`, (notes = []) => [
          ...notes,
          `${new Date().toISOString().slice(11, 16)} ${sender?.name}: ${text}`,
        ])
        return undefined
      }

      if (args.what === 'close') {
        const notes = (await store.get<string[]>(`notes:${room.id}`)) ?? []
        let messages = 0
        for await (const { type } of room.history()) if (type === 'message') messages += 1
        const minutes = Math.round((Date.now() - Date.parse(incident.openedAt)) / 60_000)
        await addon
          .room(installation, incident.from)
          .notify(
            html`<b>Incident ${incident.id}</b> is over after ${minutes} minutes and ${messages} messages: ${incident.title}<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`,
            { color: 'green' },
          )
        await store.delete(keyOf(room.id))
        await glance.push('open', await glanceOf(store))
        await client.updateRoom({ id_or_name: room.id, is_archived: true })
        return undefined
      }

      return 'Use open, note, status or close.'
    },
  )

  addon.glance(
    { key: 'open', name: 'Incidents', icon: new URL('./icon.svg', import.meta.url) },
    async ({ store }) => glanceOf(store),
  )

  addon.on('installed', async ({ log }) => {
    log.info('incidents can be opened in all rooms')
  })

  return addon
}

interface Store {
  entries<T>(prefix: string): AsyncIterable<[string, T]>
}

async function openIncidents(store: Store): Promise<Incident[]> {
  const found: Incident[] = []
  for await (const [, incident] of store.entries<Incident>('incident:')) found.push(incident)
  return found.sort((one, other) => one.id - other.id)
}

async function glanceOf(store: Store) {
  const { length } = await openIncidents(store)
  return {
    label: html`<b>${length}</b> open`,
    status: {
      type: 'lozenge' as const,
      value:
        length > 0
          ? { type: 'error' as const, label: 'INCIDENT' }
          : { type: 'success' as const, label: 'CALM' },
    },
  }
}
