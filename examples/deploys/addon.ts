import { type AddonOptions, createAddon, html, type PageContext, page } from 'hipchat-addon'
import type { Context } from 'koa'
import { ask, type Deployment, decide, list } from './deployments.ts'
import { board, cardOf, form, glanceOf, history, question } from './views.ts'

/**
 * Deployments that wait for approval: people request them with `/deploy api 4.2`, see them on a board next to the chat, and
 * decide them in a dialog, from the board or from the card in the room.
 */
export function createDeploys(options: Partial<AddonOptions> = {}) {
  const addon = createAddon({
    key: 'com.example.deploys',
    name: 'Deploys',
    description: 'Asks the room before anything is deployed.',
    vendor: { name: 'Example', url: 'https://example.com' },
    avatar: new URL('./icon.svg', import.meta.url),
    ...options,
    allowGlobal: false,
    scopes: ['send_notification', 'view_room'],
  })

  const settings = addon.settings({
    title: 'Deploys',
    fields: {
      services: {
        type: 'textarea',
        label: 'Services, one per line',
        hint: 'Only these can be deployed. Leave it empty to allow all services.',
      },
      frozen: { type: 'checkbox', label: 'Freeze deployments' },
    },
  })

  type DeployContext = Pick<
    PageContext<'send_notification' | 'view_room'>,
    'installation' | 'store' | 'room' | 'glance'
  >

  const services = async (context: Parameters<typeof settings.get>[0]): Promise<string[]> => {
    const { services: text } = await settings.get(context)
    return (text ?? '')
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean)
  }

  /** Posts the state of a deployment in the room, and updates the glance. */
  async function announce({ store, room, glance }: DeployContext, deployment: Deployment): Promise<void> {
    const { card, message } = cardOf(deployment)
    await room?.sendCard(card, message, { color: 'gray' })
    await glance.push('status', glanceOf(await list(store)))
  }

  /** The reason why a service cannot be deployed now; `undefined` if it can. */
  async function objection(context: DeployContext, service: string): Promise<string | undefined> {
    const { frozen } = await settings.get(context)
    if (frozen) return 'Deployments are frozen.'
    const known = await services(context)
    if (known.length > 0 && !known.includes(service)) return `${service} is not one of ${known.join(', ')}.`
    return undefined
  }

  addon.command('/deploy <service> [version]', { description: 'Ask for a deployment' }, async (context) => {
    const { args, sender, store } = context
    const wrong = await objection(context, args.service)
    if (wrong) return wrong
    const { service, version = 'latest' } = args
    await announce(context, await ask(store, { service, version, by: sender?.name ?? 'Someone' }))
    return undefined
  })

  addon.glance(
    { key: 'status', name: 'Deploys', icon: new URL('./icon.svg', import.meta.url), target: 'board' },
    async ({ store }) => glanceOf(await list(store)),
  )

  addon.static('/public', new URL('./public/', import.meta.url))
  const head = html`<link rel="stylesheet" href="../public/deploys.css"><script src="../public/deploys.js" defer></script>`

  addon.webPanel({ key: 'board', name: 'Deployments' }, async ({ store }) =>
    page(board((await list(store)).slice(0, 10)), { head }),
  )

  addon.dialog(
    {
      key: 'decide',
      title: 'Deploy?',
      size: 'small',
      parameters: { id: 'message.metadata.deploymentId' },
      primaryAction: { key: 'approve', name: 'Approve' },
      secondaryActions: [
        { key: 'refuse', name: 'Refuse' },
        { key: 'cancel', name: 'Cancel' },
      ],
      hint: 'The room is notified.',
    },
    async ({ store, parameters }) => {
      const found = (await list(store)).find(({ id }) => String(id) === parameters.id)
      return page(question(found), { head })
    },
  )

  addon.dialog(
    {
      key: 'ask',
      title: 'Ask for a deployment',
      size: 'small',
      primaryAction: { key: 'send', name: 'Ask' },
    },
    async (context) => page(form(await services(context)), { head }),
  )

  addon.externalPage({ key: 'history', name: 'All deployments' }, async ({ store }) =>
    page(history(await list(store)), { head }),
  )

  addon.action({
    key: 'approve',
    name: 'Approve or refuse…',
    location: 'hipchat.message.action',
    target: 'decide',
    conditions: [
      {
        condition: 'card_matches',
        params: {
          metadata: [
            { attr: 'sender_addon_key', eq: 'com.example.deploys' },
            { attr: 'state', eq: 'waiting' },
          ],
        },
      },
    ],
  })
  addon.action({
    key: 'all-deployments',
    name: 'All deployments',
    location: 'hipchat.input.action',
    target: 'history',
  })
  addon.action({
    key: 'ask-for-one',
    name: 'Ask for a deployment…',
    location: 'hipchat.input.action',
    target: 'ask',
  })

  addon.router.post('/deployments', async (ctx) => {
    const context = await addon.session(ctx)
    const { service, version } = await bodyOf(ctx)
    if (typeof service !== 'string' || typeof version !== 'string' || !service.trim() || !version.trim())
      return ctx.throw(400, 'Enter a service and a version.')
    const wrong = await objection(context, service.trim())
    if (wrong) return ctx.throw(409, wrong)
    const by = await nameOf(context)
    await announce(
      context,
      await ask(context.store, { service: service.trim(), version: version.trim(), by }),
    )
    ctx.status = 204
  })

  addon.router.post('/decisions', async (ctx) => {
    const context = await addon.session(ctx)
    const { id, state } = await bodyOf(ctx)
    if (state !== 'approved' && state !== 'refused')
      return ctx.throw(400, 'Expected the state approved or refused.')
    const decided = await decide(context.store, Number(id), state, await nameOf(context))
    if (!decided) return ctx.throw(409, 'This deployment is already decided.')
    await announce(context, decided)
    ctx.status = 204
  })

  addon.on('installed', async ({ room }) => {
    await room?.notify('Ask before you deploy: /deploy api 4.2', { color: 'gray' })
  })

  return addon
}

/** The name of the viewer of a page: HipChat signs only the id. */
async function nameOf({ user, room }: PageContext<'view_room'>): Promise<string> {
  if (room) for await (const { id, name } of room.getAllRoomParticipants()) if (id === user?.id) return name
  return 'Someone'
}

/** The JSON object of a request, of at most 10,000 characters. */
async function bodyOf(ctx: Context): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of ctx.req.setEncoding('utf8')) {
    text += chunk
    if (text.length > 10_000) ctx.throw(413)
  }
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? { ...body } : {}
  } catch {
    return ctx.throw(400, 'Expected JSON.')
  }
}
