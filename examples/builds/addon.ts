import { timingSafeEqual } from 'node:crypto'
import { type AddonOptions, type Card, card, createAddon, html } from 'hipchat-addon'

/** The report of a build service. */
interface Build {
  readonly project: string
  readonly number: number
  readonly status: 'running' | 'passed' | 'failed'
  readonly url: string
  readonly branch?: string
  readonly author?: string
}

const looks = {
  running: { color: 'gray', lozenge: 'current' },
  passed: { color: 'green', lozenge: 'success' },
  failed: { color: 'red', lozenge: 'error' },
} as const

export interface BuildsOptions extends Partial<AddonOptions> {
  /** The secret that the build service sends as `Authorization: Bearer …`, so that nobody else can report builds. */
  readonly buildToken: string
}

/** Reports builds in every room that it is installed in: `POST /builds` with a {@link Build} as JSON. */
export function createBuilds({ buildToken, ...options }: BuildsOptions) {
  const addon = createAddon({
    key: 'com.example.builds',
    name: 'Builds',
    description: 'Reports builds.',
    vendor: { name: 'Example', url: 'https://example.com' },
    ...options,
    allowGlobal: false,
    scopes: ['send_notification'],
  })

  const settings = addon.settings({
    title: 'Builds',
    fields: {
      projects: {
        type: 'text',
        label: 'Projects',
        hint: 'Separated by commas. Leave it empty for all projects.',
      },
      onlyFailed: { type: 'checkbox', label: 'Only failed builds' },
    },
  })

  addon.router.post('/builds', async (ctx) => {
    if (!isToken(ctx.get('authorization'), buildToken)) return ctx.throw(401, 'Wrong token.')
    const build = readBuild(await textOf(ctx.req))
    if (typeof build === 'string') return ctx.throw(400, build)
    const outcomes = await Promise.allSettled(await postToRooms(build))
    const failed = outcomes.filter(({ status }) => status === 'rejected').length
    ctx.body = { rooms: outcomes.length - failed, failed }
  })

  /** Starts a message to each interested room. If one room fails, the others still get theirs. */
  async function postToRooms(build: Build): Promise<Promise<unknown>[]> {
    const sending: Promise<unknown>[] = []
    for await (const installation of addon.installations()) {
      const { projects = '', onlyFailed } = await settings.get({
        installation,
        store: addon.store(installation),
      })
      const selected = projects
        .split(',')
        .map((name) => name.trim())
        .filter(Boolean)
      if (selected.length > 0 && !selected.includes(build.project)) continue
      if (onlyFailed && build.status !== 'failed') continue
      const { color } = looks[build.status]
      sending.push(addon.room(installation).sendCard(cardOf(build), sentence(build), { color }))
    }
    return sending
  }

  return addon
}

const sentence = ({ project, number, status, url }: Build): string =>
  `${project} #${number} ${status === 'running' ? 'is running' : status}: ${url}`

/** All reports of one build have the same id, so that its card in the room changes. */
const cardOf = ({ project, number, status, url, branch, author }: Build): Card =>
  card.application({
    id: `${project}-${number}`,
    title: `${project} #${number}`,
    url,
    activity: html`<b>${project}</b> #${number} ${status === 'running' ? 'is running' : status}`,
    attributes: [
      { label: 'State', value: status, lozenge: looks[status].lozenge },
      ...(branch === undefined ? [] : [{ label: 'Branch', value: branch }]),
      ...(author === undefined ? [] : [{ label: 'By', value: author }]),
    ],
  })

function isToken(header: string, token: string): boolean {
  const [given, expected] = [Buffer.from(header), Buffer.from(`Bearer ${token}`)]
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** The posted build, or the fault in it. */
function readBuild(text: string): Build | string {
  let build: Record<string, unknown>
  try {
    build = { ...JSON.parse(text) }
  } catch {
    return 'Expected JSON.'
  }
  const { project, number, status, url, branch, author } = build
  if (typeof project !== 'string' || project === '') return 'project must be a string.'
  if (typeof number !== 'number') return 'number must be a number.'
  if (typeof url !== 'string' || !/^https?:\/\//.test(url)) return 'url must be an http or https address.'
  if (status !== 'running' && status !== 'passed' && status !== 'failed')
    return 'status must be running, passed or failed.'
  return {
    project,
    number,
    status,
    url,
    ...(typeof branch === 'string' ? { branch } : {}),
    ...(typeof author === 'string' ? { author } : {}),
  }
}

async function textOf(request: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > 64 * 1024) return ''
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
