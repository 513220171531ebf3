import { type AddonOptions, card, createAddon } from 'hipchat-addon'
import { type Report, readReport } from './report.ts'
import { jsonOf, knowsSecret } from './request.ts'

export interface NotifierOptions extends Partial<AddonOptions> {
  /** What those who report prove themselves with; at least 16 characters. */
  readonly secret: string
}

/** Takes reports from outside at `POST /reports`, and shows them as cards in every room that it is installed in. */
export function createNotifier({ secret, ...options }: NotifierOptions) {
  if (secret.length < 16)
    throw new Error(`REPORT_SECRET: expected 16 characters or more, came ${secret.length}; see .env.example`)

  const addon = createAddon({
    key: 'com.example.my-addon',
    name: 'My addon',
    description: 'Shows what is reported from outside.',
    vendor: { name: 'Example', url: 'https://example.com' },
    ...options,
    // A report goes to the rooms that want it, not to all rooms of a group.
    allowGlobal: false,
    // What the add-on may do. A call that no scope allows does not compile.
    scopes: ['send_notification'],
  })

  addon.router.post('/reports', async (ctx) => {
    if (!knowsSecret(ctx.req, secret)) {
      ctx.set('WWW-Authenticate', 'Bearer')
      return ctx.throw(401, 'Expected Authorization: Bearer with the secret.')
    }
    const read = readReport(await jsonOf(ctx.req))
    if ('wrong' in read) return ctx.throw(400, read.wrong)
    ctx.body = await tellAll(read.report)
  })

  /** Shows a report in every room. A room that cannot be reached keeps none of the others from hearing. */
  async function tellAll(report: Report): Promise<{ rooms: number; failed: number }> {
    const rooms = []
    for await (const installation of addon.installations()) rooms.push(addon.room(installation))
    const told = await Promise.allSettled(
      rooms.map((room) => room.sendCard(cardOf(report), lineOf(report), { color: colors[report.state] })),
    )
    // Each failure is in the add-on's log, with its installation.
    const failed = told.filter(({ status }) => status === 'rejected').length
    return { rooms: told.length - failed, failed }
  }

  addon.on('installed', async ({ room }) => {
    await room?.notify('Reports come here from now on.', { color: 'gray' })
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

/** What the card says, for clients that draw no cards and for notices on a screen. */
const lineOf = ({ title, state, url }: Report): string =>
  `${title}: ${state}${url === undefined ? '' : ` ${url}`}`
