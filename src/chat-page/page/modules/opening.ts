import { computed, effect, signal } from '@preact/signals'
import { isRecord } from '../../../common/is-record.ts'
import type { PageIntegration, PageModule, PageRoom } from '../../../server/chat-page/routes.ts'
import { call } from '../api.ts'
import { place } from '../place.ts'
import { session } from '../session.ts'
import { integrations, me, room } from '../store.ts'
import { holds } from './conditions.ts'
import { textOf } from './dialog-options.ts'

/** The open modules of add-ons: a panel beside the room and a dialog, one of each. */

/** The event that the opened page receives. */
export type Told = readonly [name: string, data: unknown]

/** A page of an add-on that is shown. */
export interface View {
  /** New with each opening. */
  readonly id: number
  readonly integration: PageIntegration
  readonly module: PageModule
  readonly room: PageRoom
  /** The values of its URL's placeholders. */
  readonly values: Readonly<Record<string, unknown>>
  readonly events: readonly Told[]
}

/** The panel in the sidebar. */
export interface Panel extends View {
  /** The glance through which it was opened. */
  readonly glance: PageModule | undefined
}

/** The dialog over the page. */
export interface Dialog extends View {
  readonly title: string
  /** From the descriptor and the page of the dialog. */
  readonly options: Readonly<Record<string, unknown>>
}

/** Something that cannot be done, in words for the person or the page that wanted it. */
export class Refusal extends Error {
  override name = 'Refusal'
}

/** What is to be opened, and from where. */
export interface Opening {
  readonly integration: PageIntegration
  readonly room: PageRoom
  readonly key: string
  /** Sent to the page that is opened, in addition to its parameters. */
  readonly event?: Told
  /** As the JavaScript API and links specify them. */
  readonly options?: unknown
  readonly parameters?: unknown
  readonly values?: Readonly<Record<string, unknown>>
}

/** The chosen panel: it is opened again in each room that has the add-on. */
interface Choice {
  readonly addonKey: string
  readonly key: string
  readonly glance: string | undefined
  readonly opened?: Pick<View, 'id' | 'values' | 'events'> & { readonly roomId: number }
}

const keptUnder = computed(() => `hipchat-panel-${session.value?.userId}`)
const choice = signal<Choice | undefined>(undefined)
let lastId = 0

effect(() => {
  choice.value = readChoice(localStorage.getItem(keptUnder.value))
})

function choose(chosen: Choice | undefined): void {
  choice.value = chosen
  if (chosen) {
    const { addonKey, key, glance } = chosen
    localStorage.setItem(keptUnder.value, JSON.stringify({ addonKey, key, glance }))
  } else localStorage.removeItem(keptUnder.value)
}

function readChoice(text: string | null): Choice | undefined {
  try {
    const { addonKey, key, glance } = JSON.parse(text ?? '{}')
    if (typeof addonKey !== 'string' || typeof key !== 'string') return undefined
    return { addonKey, key, glance: typeof glance === 'string' ? glance : undefined }
  } catch {
    return undefined // not ours
  }
}

/** The add-ons of the current room: never those of the previous one. */
export const present = computed(() =>
  integrations.value.filter(({ room_id }) => room_id === null || room_id === room.value?.id),
)

/** The open panel, if the room has the add-on and its conditions hold. */
export const panel = computed<Panel | undefined>(() => {
  const { value: chosen } = choice
  const { value: here } = room
  if (!chosen || !here) return undefined
  for (const integration of present.value) {
    if (integration.addon_key !== chosen.addonKey) continue
    const module = moduleOf(integration, chosen.key)
    if (module?.type !== 'webPanel' || !isShown(module, here)) continue
    const { id, values, events } =
      chosen.opened?.roomId === here.id ? chosen.opened : { id: 0, values: {}, events: [] }
    const glance = chosen.glance === undefined ? undefined : moduleOf(integration, chosen.glance)
    return { id, integration, module, room: here, values, events, glance }
  }
  return undefined
})

/** The open dialog. */
export const dialog = signal<Dialog | undefined>(undefined)

/** What could not be opened, for the person who wanted it. */
export const problem = signal<{ readonly title: string; readonly text: string } | undefined>(undefined)

// A dialog belongs to the room it was opened in, and to an installed add-on.
effect(() => {
  const { value: shown } = dialog
  if (!shown) return
  const { value: here } = place
  const isThere = here.kind === 'room' && here.id === shown.room.id
  if (!isThere || !integrations.value.some(({ oauth_id }) => oauth_id === shown.integration.oauth_id))
    dialog.value = undefined
})

/** The module of an add-on with a key. */
export const moduleOf = (integration: PageIntegration, key: string): PageModule | undefined =>
  integration.modules.find((module) => module.key === key)

const isShown = ({ conditions }: PageModule, here: PageRoom): boolean =>
  me.value !== undefined && holds(conditions, { room: here, user: me.value })

/** Opens a panel, a dialog, a page in a new tab, or the target of a glance. A {@link Refusal} says why it cannot. */
export function open(opening: Opening): void {
  const { integration, key, room: here } = opening
  if (room.value?.id !== here.id) throw new Refusal('Modules can be opened only in the current room')
  const module = moduleOf(integration, key)
  switch (module?.type) {
    case 'glance':
      openTarget(module, opening)
      return
    case 'webPanel':
      openPanel(module, opening, undefined)
      return
    case 'dialog':
      openDialog(module, opening)
      return
    case 'externalPage':
      openExternal(module, opening)
      return
  }
  throw new Refusal(`${integration.name} has no module called ${key} that can be opened`)
}

function openTarget(glance: PageModule, opening: Opening): void {
  const { integration } = opening
  const { target } = glance
  const module = target ? moduleOf(integration, target.key) : undefined
  if (!target || module?.type === 'glance') throw new Refusal(`${glance.name} has nothing to open`)
  const whole = { ...targetOptions(target.options), ...opening, key: target.key }
  if (module?.type === 'webPanel') openPanel(module, whole, glance)
  else open(whole)
}

/** Opens the target of an action or a glance for a person, who is shown any error. */
export function openForPerson(opening: Opening): void {
  try {
    open(opening)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    problem.value = { title: opening.integration.name, text: error.message }
  }
}

/** Allowed next to the key of a target, as in `data-target-options` of a link. */
export function targetOptions(given: unknown): Pick<Opening, 'options' | 'parameters' | 'values'> {
  if (!isRecord(given)) return {}
  const { options, parameters, urlTemplateValues } = given
  return {
    ...(options === undefined ? {} : { options }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(isRecord(urlTemplateValues) ? { values: urlTemplateValues } : {}),
  }
}

function viewOf({ values = {}, event, parameters }: Opening): Pick<View, 'id' | 'values' | 'events'> {
  lastId += 1
  const events = [
    ...(event ? [event] : []),
    ...(parameters === undefined ? [] : [['receive-parameters', parameters] as const]),
  ]
  return { id: lastId, values, events }
}

function openPanel(module: PageModule, opening: Opening, glance: PageModule | undefined): void {
  const { integration, room: here } = opening
  if (!isShown(module, here))
    throw new Refusal(`${module.name} is not available in this room, or not for you`)
  dialog.value = undefined
  choose({
    addonKey: integration.addon_key,
    key: module.key,
    glance: glance?.key,
    opened: { ...viewOf(opening), roomId: here.id },
  })
}

function openDialog(module: PageModule, opening: Opening): void {
  const { integration, room: here, options } = opening
  const changes = changesIn(options)
  dialog.value = {
    ...viewOf(opening),
    integration,
    module,
    room: here,
    title: changes.title ?? module.name,
    options: { ...module.options, ...changes.options },
  }
}

/** The given title and options of a dialog; each option replaces the previous one. */
function changesIn(given: unknown): {
  title: string | undefined
  options: Readonly<Record<string, unknown>>
} {
  if (!isRecord(given)) return { title: undefined, options: {} }
  const { title, options, ...direct } = given
  return { title: textOf(title), options: { ...direct, ...(isRecord(options) ? options : {}) } }
}

/** Changes the title and the options of the open dialog, as its page asks for it. */
export function updateDialog(shown: Dialog, given: unknown): void {
  const changes = changesIn(given)
  dialog.value = {
    ...shown,
    title: changes.title ?? shown.title,
    options: { ...shown.options, ...changes.options },
  }
}

/** Changes members of the primary button, and creates the button if there is none. */
export function updatePrimaryAction(shown: Dialog, button: Readonly<Record<string, unknown>>): void {
  const { primaryAction } = shown.options
  updateDialog(shown, {
    options: { primaryAction: { ...(isRecord(primaryAction) ? primaryAction : {}), ...button } },
  })
}

/** Closes the panel, also for the next time that the page is opened. */
export function closePanel(): void {
  choose(undefined)
}

/** The tab is opened at once, while the browser still counts the click; its URL is set afterwards. */
function openExternal(module: PageModule, { integration, room: here, values = {} }: Opening): void {
  const tab = window.open('about:blank')
  if (!tab) throw new Refusal(`The browser does not allow ${module.name} to open a tab`)
  tab.opener = null
  call('openModule', { oauth_id: integration.oauth_id, key: module.key, room_id: here.id, values }).then(
    ({ url }) => tab.location.replace(url),
    (error: Error) => {
      tab.close()
      problem.value = { title: module.name, text: error.message }
    },
  )
}
