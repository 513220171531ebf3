import { describe, expect, it } from 'vitest'
import { parametersOf } from '../../../../src/chat-page/page/modules/parameters.ts'
import { card, fromAddon, message, picture } from './messages.ts'

describe('the parameters of a message', () => {
  it('contain its text, its sender and the first link in it', () => {
    expect(parametersOf(message())).toEqual({
      body: 'Decision: see https://example.com/a?b=1 for more',
      sender: { id: 7, name: 'Bob Baker', mention: 'bob' },
      mid: 'm1',
      type: 'message',
      media: { type: 'link', url: 'https://example.com/a?b=1' },
    })
  })

  it('contain the card, its metadata, and the sending add-on’s own key whatever the card says', () => {
    expect(parametersOf(fromAddon(card))).toMatchObject({
      sender: { name: 'Shipyard' },
      metadata: { state: 'waiting', deploy: { id: 88 }, sender_addon_key: 'com.example.shipyard' },
      card: { title: 'api 4.2', description: '<b>12</b> commits', url: 'https://example.com/d/88' },
    })
  })

  it('contain the file', () => {
    expect(parametersOf(picture).media).toEqual({
      type: 'image',
      name: 'a.png',
      size: 3,
      url: 'http://x/a.png',
      thumb_url: 'http://x/a.png',
    })
  })
})
