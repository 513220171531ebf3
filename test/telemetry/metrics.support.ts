import { delivered, sign, startWorld, type TestHandler, type WorldOptions } from '../support.ts'

type Labels = Readonly<Record<string, string>>

/** Reads a metrics page: the sum of a series' samples with these labels, `undefined` if there are none. */
export function read(text: string) {
  const samples = [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name, labels = '', value]) => ({
    name: `${name}`.replace(/^hipchat_addon_/, ''),
    labels: Object.fromEntries(
      [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
    ),
    value: Number(value),
  }))
  return (name: string, labels: Labels = {}): number | undefined => {
    const found = samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
  }
}

/** Reads the metrics page at a URL. */
export const scrape = async (url: string) => read(await (await fetch(url)).text())

/** An installed add-on with metrics and one handler, and a function that delivers to it without the server. */
export async function measured(handler: TestHandler, options: WorldOptions = {}) {
  const world = await startWorld(
    (addon) => {
      addon.webhook('room_message', { key: 'hook' }, handler)
      addon.webhook('room_message', { key: 'picky', pattern: /^picky/ }, handler)
      addon.webhook('room_notification', { key: 'heard' }, () => {})
    },
    { ...options, addon: { metrics: true, ...options.addon } },
  )
  const { installation, secret } = await world.install()
  const { oauthId } = installation
  const token = () => sign(oauthId, secret)
  return {
    ...world,
    installation,
    secret,
    token,
    deliver: (key = 'hook', body: unknown = delivered(oauthId, 1, 'hello'), signed = token()) =>
      fetch(`${world.url}/webhook/${key}`, {
        method: 'POST',
        headers: { authorization: `JWT ${signed}` },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    metrics: () => scrape(`${world.url}/metrics`),
  }
}
