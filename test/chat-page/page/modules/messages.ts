import type { Message } from '../../../../src/api/objects.ts'

/** A message of a person. */
export const message = (more: Partial<Message> = {}): Message => ({
  id: 'm1',
  date: '2017-02-03T04:05:06.000000+00:00',
  from: { id: 7, name: 'Bob Baker', mention_name: 'bob' },
  message: 'Decision: see https://example.com/a?b=1 for more',
  type: 'message',
  ...more,
})

/** A notification of an add-on, with or without a card. */
export const fromAddon = (card?: object) =>
  message({
    from: { name: 'Shipyard' },
    type: 'notification',
    notification_sender: { type: 'addon', id: 'com.example.shipyard', client_id: 'oauth-1' },
    ...(card ? { card: JSON.stringify(card) } : {}),
  })

/** A card with every member that conditions and parameters read. */
export const card = {
  style: 'application',
  id: 'c1',
  title: 'api 4.2',
  url: 'https://example.com/d/88',
  description: { value: '<b>12</b> commits', format: 'html' },
  metadata: { state: 'waiting', deploy: { id: 88 }, sender_addon_key: 'somebody.else' },
}

/** A message with a picture. */
export const picture = message({
  file: { name: 'a.png', size: 3, url: 'http://x/a.png', thumb_url: 'http://x/a.png' },
})
