import { describe, expect, it } from 'vitest'
import { card } from '../../src/client/card.ts'
import { html } from '../../src/common/html.ts'

const least = { id: 'deploy-88', title: 'api 4.2' }
const link = { ...least, url: 'https://example.com/88', description: 'Twelve commits' }

/** What is wrong is said of options as they were given, not as the compiler would let them pass. */
const refusal = (make: () => unknown): { code: string; message: string } => {
  try {
    make()
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('it was not refused')
}

describe('a card', () => {
  it('of every style can be created from id and title', () => {
    expect(card.application(least)).toEqual({ style: 'application', ...least })
    expect(card.file(least)).toEqual({ style: 'file', ...least })
    expect(card.media(least)).toEqual({ style: 'media', ...least })
    expect(card.image({ ...least, url: 'https://example.com/a.png' }).style).toBe('image')
    expect(card.link(link)).toEqual({ style: 'link', ...link })
  })

  it('contains everything that HipChat shows, in its form on the wire', () => {
    expect(
      card.application({
        ...least,
        url: 'https://example.com/88',
        format: 'medium',
        description: html`12 commits, <b>${'<2>'}</b> migrations`,
        icon: { url: 'https://example.com/16.png', 'url@2x': 'https://example.com/32.png' },
        thumbnail: 'https://example.com/shot.png',
        activity: { html: html`<b>Ines</b> asks`, icon: 'https://example.com/16.png' },
        attributes: [
          { label: 'State', value: 'waiting', lozenge: 'current' },
          {
            label: 'Owner',
            value: 'Noor',
            url: 'https://example.com/noor',
            icon: 'https://example.com/n.png',
          },
          { value: '12 commits' },
        ],
        metadata: { deployId: 88 },
      }),
    ).toEqual({
      style: 'application',
      ...least,
      url: 'https://example.com/88',
      format: 'medium',
      description: { value: '12 commits, <b>&lt;2&gt;</b> migrations', format: 'html' },
      icon: { url: 'https://example.com/16.png', 'url@2x': 'https://example.com/32.png' },
      thumbnail: { url: 'https://example.com/shot.png' },
      activity: { html: '<b>Ines</b> asks', icon: 'https://example.com/16.png' },
      attributes: [
        { label: 'State', value: { label: 'waiting', style: 'lozenge-current' } },
        {
          label: 'Owner',
          value: { label: 'Noor', url: 'https://example.com/noor', icon: 'https://example.com/n.png' },
        },
        { value: { label: '12 commits' } },
      ],
      metadata: { deployId: 88 },
    })
  })

  it('treats a string as the activity as text, although HipChat has HTML there', () => {
    expect(card.file({ ...least, activity: 'Ines & <Noor>' }).activity).toEqual({
      html: 'Ines &amp; &lt;Noor&gt;',
    })
  })

  it('leaves out an empty array of attributes, which servers refuse', () => {
    expect(card.file({ ...least, attributes: [] })).toEqual({ style: 'file', ...least })
  })

  it.each<[string, () => unknown, string]>([
    [
      'no options',
      () => card.file(undefined as never),
      'card.file: expected an object with id and title, got undefined',
    ],
    ['no id', () => card.file({ title: 'x' } as never), 'card.file: id is missing'],
    ['an empty id', () => card.file({ ...least, id: '' }), 'card.file: id must NOT have fewer than 1'],
    [
      'a title that is too long',
      () => card.file({ ...least, title: 'x'.repeat(501) }),
      'card.file: title must NOT have more than 500 characters, got 501',
    ],
    [
      'an unknown member',
      () => card.file({ ...least, colour: 'red' } as never),
      'card.file: colour is not a known member; expected one of id, title,',
    ],
    [
      'a format that only applications have',
      () => card.file({ ...least, format: 'medium' } as never),
      'card.file: format is not a known member',
    ],
    [
      'an unknown format',
      () => card.application({ ...least, format: 'large' as never }),
      'card.application: format must be one of compact, medium',
    ],
    [
      'a description that is too long',
      () => card.file({ ...least, description: html`${'x'.repeat(1001)}` }),
      'description.value must NOT have more than 1000 characters',
    ],
    [
      'a thumbnail that is too long',
      () => card.file({ ...least, thumbnail: `https://${'x'.repeat(250)}` }),
      'thumbnail.url must NOT have more than 250 characters',
    ],
    [
      'a width that is a text',
      () => card.file({ ...least, thumbnail: { url: 'https://x', width: '40' as never } }),
      'thumbnail.width must be number, not string',
    ],
    [
      'a label that is too long',
      () => card.file({ ...least, attributes: [{ label: 'x'.repeat(51), value: 'y' }] }),
      'attributes.0.label must NOT have more than 50 characters',
    ],
    [
      'too many attributes',
      () => card.file({ ...least, attributes: Array(11).fill({ value: 'y' }) }),
      'attributes must NOT have more than 10',
    ],
    [
      'an attribute that is none',
      () => card.file({ ...least, attributes: ['y' as never] }),
      'card.file: attributes.0 must be an object with a value, got string',
    ],
    [
      'an unknown member of an attribute',
      () => card.file({ ...least, attributes: [{ value: 'y', style: 'z' } as never] }),
      'card.file: attributes.0: style is not a known member; expected one of label, value, lozenge, url, icon',
    ],
    [
      'an unknown lozenge',
      () => card.file({ ...least, attributes: [{ value: 'y', lozenge: 'new' as never }] }),
      'attributes.0.lozenge must be one of default, success, error, current, complete, moved, got new',
    ],
    [
      'attributes that are no list',
      () => card.file({ ...least, attributes: { State: 'x' } as never }),
      'card.file: attributes must be an array, got object',
    ],
    [
      'an activity of which the HTML is a mere text',
      () => card.file({ ...least, activity: { html: 'x' as never } }),
      'card: activity.html must be html`…`',
    ],
    [
      'a link without a description',
      () => card.link({ ...least, url: 'https://x' } as never),
      'card.link: a card of the style link needs a description; without it clients show the message instead',
    ],
    [
      'a picture without an address',
      () => card.image(least as never),
      'card.image: a card of the style image needs a url',
    ],
    [
      'markup that cards do not show',
      () => card.file({ ...least, description: html`<p>x</p>` }),
      'card.file: description.value contains <p>; cards show a, b, i, strong and span',
    ],
    [
      'markup in its activity that cards do not show',
      () => card.file({ ...least, activity: html`<img src="x">` }),
      'card.file: activity.html contains <img>',
    ],
  ])('is refused by name with %s', (_, make, why) => {
    expect(refusal(make)).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining(why),
    })
  })
})
