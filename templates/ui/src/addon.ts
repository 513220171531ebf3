import type { IncomingMessage } from 'node:http'
import { type AddonOptions, createAddon, html, type PageContext, page } from 'hipchat-addon'
import { addTask, finishTask, openTasks } from './tasks.ts'
import { form, glanceOf, panel } from './views.ts'

/** The tasks of a room: a glance, the panel that it opens, a dialog to add a task, and a configuration page. */
export function createTasks(options: Partial<AddonOptions> = {}) {
  const addon = createAddon({
    key: 'com.example.my-addon',
    name: 'My addon',
    description: 'Keeps the tasks of the room.',
    vendor: { name: 'Example', url: 'https://example.com' },
    avatar: new URL('../public/icon.svg', import.meta.url),
    ...options,
    // One list per installation, so one installation per room.
    allowGlobal: false,
    // What the add-on may do. A call that no scope allows does not compile.
    scopes: ['send_notification'],
  })

  const settings = addon.settings({
    title: 'My addon',
    fields: {
      most: {
        type: 'number',
        label: 'Maximum number of tasks',
        default: 20,
        min: 1,
        max: 100,
        integer: true,
      },
      announce: { type: 'checkbox', label: 'Tell the room when a task is done', default: true },
    },
  })

  type TaskContext = Pick<PageContext<'send_notification'>, 'installation' | 'store' | 'room' | 'glance'>

  /** Adds a task and updates the glance. Returns the reason if the task cannot be added. */
  async function add(context: TaskContext, text: string): Promise<string | undefined> {
    const { most } = await settings.get(context)
    if (!(await addTask(context.store, text, most)))
      return `The list is full: the maximum is ${most}. Finish a task first.`
    await context.glance.push('tasks', glanceOf(await openTasks(context.store)))
    return undefined
  }

  addon.command('/todo [task...]', { description: 'Add a task, or list the tasks' }, async (context) => {
    const text = context.args.task.join(' ').slice(0, 200)
    if (text) return (await add(context, text)) ?? `To do: ${text}`
    const tasks = await openTasks(context.store)
    return tasks.length > 0 ? `To do: ${tasks.map((task) => task.text).join('; ')}` : 'Nothing to do.'
  })

  addon.glance(
    {
      key: 'tasks',
      name: 'Tasks',
      icon: new URL('../public/icon.svg', import.meta.url),
      target: 'list',
    },
    async ({ store }) => glanceOf(await openTasks(store)),
  )

  addon.static('/public', new URL('../public/', import.meta.url))
  const head = html`<link rel="stylesheet" href="../public/tasks.css"><script src="../public/tasks.js" defer></script>`

  addon.webPanel({ key: 'list', name: 'Tasks' }, async ({ store }) =>
    page(panel(await openTasks(store)), { head }),
  )

  addon.dialog(
    { key: 'add', title: 'Add a task', size: 'small', primaryAction: { key: 'add', name: 'Add' } },
    () => page(form(), { head }),
  )

  addon.action({ key: 'add-one', name: 'Add a task…', location: 'hipchat.input.action', target: 'add' })

  // Routes that the pages call. `addon.session` identifies the viewer, and answers 401 without a valid session.
  addon.router.post('/tasks', async (ctx) => {
    const context = await addon.session(ctx)
    const { text } = await bodyOf(ctx.req)
    if (typeof text !== 'string' || !text.trim() || text.length > 200)
      return ctx.throw(400, 'Enter a task of at most 200 characters.')
    const objection = await add(context, text.trim())
    if (objection) return ctx.throw(409, objection)
    ctx.status = 204
  })

  addon.router.post('/done', async (ctx) => {
    const context = await addon.session(ctx)
    const { id } = await bodyOf(ctx.req)
    const finished = await finishTask(context.store, Number(id))
    if (!finished) return ctx.throw(409, 'This task is already done.')
    await context.glance.push('tasks', glanceOf(await openTasks(context.store)))
    if ((await settings.get(context)).announce) await context.room?.notify(`Done: ${finished.text}`)
    ctx.status = 204
  })

  addon.on('installed', async ({ room }) => {
    await room?.notify('Add a task: /todo water the plants', { color: 'gray' })
  })

  return addon
}

/** The JSON object of a request, of up to 10,000 characters; an empty object for anything else. */
async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > 10_000) return {}
  }
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? { ...body } : {}
  } catch {
    return {}
  }
}
