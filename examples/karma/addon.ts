import { type AddonOptions, createAddon, html } from 'hipchat-addon'

/** Counts karma: `alice++` and `bob--` change it, and `/karma` shows the ranking. */
export function createKarma(options: Partial<AddonOptions> = {}) {
  const addon = createAddon({
    key: 'com.example.karma',
    name: 'Karma',
    description: 'Counts karma.',
    vendor: { name: 'Example', url: 'https://example.com' },
    ...options,
    scopes: ['send_notification'],
  })

  type Scores = Record<string, number>

  addon.webhook(
    'room_message',
    { pattern: /(?:^|\s)@?(?<name>[\w.-]{1,40}?)(?<change>\+\+|--)(?=\s|[.,!?]|$)/ },
    async ({ match, sender, store }) => {
      const { name = '', change } = match?.groups ?? {}
      const key = name.toLowerCase()
      if (key === sender?.mention_name?.toLowerCase()) return 'You cannot give yourself karma.'
      const scores = await store.update<Scores>('scores', (before = {}) => ({
        ...before,
        // A name can be any word, also `__proto__`.
        [key]: (Object.hasOwn(before, key) ? (before[key] ?? 0) : 0) + (change === '++' ? 1 : -1),
      }))
      return `${name} now has ${scores?.[key] ?? 0}.`
    },
  )

  addon.command('/karma', { description: 'Show the ranking' }, async ({ store }) => {
    const places = top(await store.get<Scores>('scores'))
    if (places.length === 0) return 'Nobody has karma yet. Write alice++'
    return html`<ol>${places.map(([name, score]) => html`<li><b>${name}</b> ${score}</li>`)}</ol>`
  })

  // For the administrators of the server: the first place of every room.
  addon.adminPage(async () => {
    const rows = []
    for await (const installation of addon.installations()) {
      const scores = await addon.store(installation).get<Scores>('scores')
      rows.push(
        html`<tr><td>${installation.roomId ?? 'everywhere'}</td><td>${top(scores)[0]?.join(': ')}</td></tr>`,
      )
    }
    return html`<h1>Karma</h1><table><tr><th>Room</th><th>First</th></tr>${rows}</table>`
  })

  return addon
}

const top = (scores: Record<string, number> = {}): [string, number][] =>
  Object.entries(scores)
    .sort(([, one], [, other]) => other - one)
    .slice(0, 10)
