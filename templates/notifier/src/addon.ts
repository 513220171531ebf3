import { type AddonOptions, card, createAddon } from 'hipchat-addon'
import { type Report, readReport } from './report.ts'
import { bodyOf, hasSecret } from './request.ts'

export interface NotifierOptions extends Partial<AddonOptions> {
  /** The secret that reports must carry; at least 16 characters. */
  readonly secret: string
}

/** Receives reports at `POST /reports`, and shows them as cards in every room that it is installed in. */
export function createNotifier({ secret, ...options }: NotifierOptions) {
  if (secret.length < 16)
    throw new Error(`REPORT_SECRET: expected 16 characters or more, got ${secret.length}; see .env.example`)

  const addon = createAddon({
    key: 'com.example.my-addon',
    name: 'My addon',
    description: 'Shows external reports.',
    vendor: { name: 'Example', url: 'https://example.com' },
    ...options,
    // A report goes to the rooms that chose it, not to all rooms of a group.
    allowGlobal: false,
    // What the add-on may do. A call that no scope allows does not compile.
    scopes: ['send_notification'],
  })

  addon.router.post('/reports', async (ctx) => {
    if (!hasSecret(ctx.req, secret)) {
      ctx.set('WWW-Authenticate', 'Bearer')
      return ctx.throw(401, 'Expected Authorization: Bearer with the secret.')
    }
    const read = readReport(await bodyOf(ctx.req))
    if ('fault' in read) return ctx.throw(400, read.fault)
    ctx.body = await postToAll(read.report)
  })

  /** Posts a report in every room. If one room fails, the others still get the report. */
  async function postToAll(report: Report): Promise<{ rooms: number; failed: number }> {
    const rooms = []
    for await (const installation of addon.installations()) rooms.push(addon.room(installation))
    const posted = await Promise.allSettled(
      rooms.map((room) => room.sendCard(cardOf(report), lineOf(report), { color: colors[report.state] })),
    )
    // The add-on logs each failure with its installation.
    const failed = posted.filter(({ status }) => status === 'rejected').length
    return { rooms: posted.length - failed, failed }
  }

  addon.on('installed', async ({ room }) => {
    await room?.notify('Reports will be posted here from now on.', { color: 'gray' })
  })

  return addon
}

const colors = { running: 'gray', passed: 'green', failed: 'red' } as const
const lozenges = { running: 'current', passed: 'success', failed: 'error' } as const

const cardOf = ({ id, title, state, description, url }: Report) =>
  card.application({
    id,
    title,
    ...(url === undefined ? {} : { url }),
    ...(description === undefined ? {} : { description }),
    attributes: [{ label: 'State', value: state, lozenge: lozenges[state] }],
  })

/** The card as text, for clients that cannot draw cards and for desktop notifications. */
const lineOf = ({ title, state, url }: Report): string =>
  `${title}: ${state}${url === undefined ? '' : ` ${url}`}`
