import { describe, expect, it } from 'vitest'
import { type GlanceShown, html } from '../../../src/index.ts'
import { sign } from '../../support.ts'
import { startShowing } from '../viewer.ts'

const icon = 'https://example.com/icon.png'
const glance = { key: 'status', name: 'Status', icon } as const

const showing = (shown: unknown, errors: unknown[] = []) =>
  startShowing((addon) => {
    addon.glance(glance, () => shown as GlanceShown)
    addon.onError((error) => void errors.push(error))
  })

describe('the content of a glance', () => {
  it.each<[string, GlanceShown, object]>([
    ['a string, unchanged', '1 < 2', { label: { type: 'html', value: '1 &lt; 2' } }],
    ['HTML', html`<b>${3}</b> waiting`, { label: { type: 'html', value: '<b>3</b> waiting' } }],
    [
      'a label with a lozenge',
      { label: 'Deploys', status: { lozenge: 'success', label: 'OK' }, metadata: { open: 3 } },
      {
        label: { type: 'html', value: 'Deploys' },
        status: { type: 'lozenge', value: { type: 'success', label: 'OK' } },
        metadata: { open: 3 },
      },
    ],
    [
      'HipChat’s own form',
      {
        label: { type: 'html', value: '<i>x</i>' },
        status: { type: 'icon', value: { url: icon, 'url@2x': icon } },
      },
      {
        label: { type: 'html', value: '<i>x</i>' },
        status: { type: 'icon', value: { url: icon, 'url@2x': icon } },
      },
    ],
  ])('can be %s', async (_, shown, content) => {
    const { open } = await showing(shown)
    const { status, headers, text } = await open('/glance/status?connect_client_api_version=1')
    expect([status, JSON.parse(text)]).toEqual([200, content])
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it.each<[string, unknown, string]>([
    [
      'nothing',
      undefined,
      'glance status: expected a text, html`…` or an object with a label, got undefined',
    ],
    ['an empty text', '', 'glance status: label.value must NOT have fewer than 1 characters, got 0'],
    ['no label', { metadata: {} }, 'glance status: label is missing'],
    [
      'a misspelt member',
      { lable: 'x' },
      'glance status: lable is not a known member; expected one of label, status, metadata',
    ],
    [
      'an unknown lozenge',
      { label: 'x', status: { lozenge: 'complete', label: 'x' } },
      'glance status: status.value.type must be one of default, success, error, current, new, moved',
    ],
    [
      'a word too long for a lozenge',
      { label: 'x', status: { lozenge: 'new', label: 'x'.repeat(21) } },
      'glance status: status.value.label must NOT have more than 20 characters, got 21',
    ],
    [
      'metadata as text',
      { label: 'x', metadata: '{}' },
      'glance status: metadata must be object, not string',
    ],
  ])('is refused if it is %s, and the client can read the status', async (_, shown, message) => {
    const errors: Error[] = []
    const { open } = await showing(shown, errors)
    const { status, headers } = await open('/glance/status')
    expect([status, headers.get('access-control-allow-origin')]).toEqual([500, '*'])
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_CONFIGURATION' })])
    expect(errors[0]?.message).toContain(message)
  })

  it('depends on the room, the user and the parameters', async () => {
    const { open } = await startShowing((addon) => {
      addon.glance(
        { ...glance, parameters: { id: 'item.id' } },
        ({ room, user, parameters }) => `${room?.id} ${user?.id} ${user?.timezone} ${parameters.id}`,
      )
    })
    expect(JSON.parse((await open('/glance/status?id=7')).text).label.value).toBe('1 2 Europe/Berlin 7')
  })
})

describe('a request for a glance', () => {
  it('without a signature is refused, with a status that the client can read', async () => {
    const { open, oauthId } = await showing('x')
    for (const token of ['', sign(oauthId, 'another secret')]) {
      const { status, headers } = await open('/glance/status', {}, token)
      expect([status, headers.get('access-control-allow-origin')]).toEqual([401, '*'])
    }
  })

  it('for an unknown glance is answered with 404', async () => {
    const { open } = await showing('x')
    const { status, headers } = await open('/glance/old')
    expect([status, headers.get('access-control-allow-origin')]).toEqual([404, '*'])
  })

  it('is allowed from every origin, also by OPTIONS, and other methods are refused', async () => {
    const { open } = await showing('x')
    const options = await open('/glance/status', { method: 'OPTIONS' }, '')
    expect(options.status).toBe(204)
    expect(options.headers.get('access-control-allow-origin')).toBe('*')
    expect(options.headers.get('access-control-allow-methods')).toBe('GET, HEAD')
    expect(options.headers.get('access-control-allow-credentials')).toBeNull()
    const post = await open('/glance/status', { method: 'POST' })
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })

  it('is the only route that other origins can read', async () => {
    const { open } = await startShowing((addon) => void addon.webPanel({ key: 'p', name: 'P' }, () => 'x'))
    for (const path of ['/page/p', '/', '/healthz', '/page/none'])
      expect((await open(path)).headers.get('access-control-allow-origin')).toBeNull()
  })
})
