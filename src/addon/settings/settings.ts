import type { Scope } from '../../api/scopes.ts'
import { anyText, type Checks, elsewhere, expecting, flag } from '../../common/checks.ts'
import { Html, html } from '../../common/html.ts'
import type { Installation } from '../../installations/installation.ts'
import type { InstallationStore } from '../../installations/installation-store.ts'
import { checkOptions, expectFunction } from '../../option-checks.ts'
import type { Modules } from '../modules/modules.ts'
import { type PageParts, page } from '../pages/page.ts'
import type { PageContext } from '../pages/page-context.ts'
import type { FormContext } from '../pages/shown-page.ts'
import {
  checkFields,
  type SettingsFields,
  type SettingsValues,
  type StoredValues,
  valuesOf,
} from './fields.ts'
import { type Notice, type SettingsDrawing, settingsPage } from './settings-page.ts'
import { readForm } from './submitted-form.ts'

/** Options of `addon.settings`: the fields, and the page on which people edit them. */
export interface SettingsOptions<F extends SettingsFields = SettingsFields, S extends Scope = Scope> {
  /** The fields by name, in the order of the page. */
  readonly fields: F
  /** Heading of the page. Default: Settings. */
  readonly title?: string
  /** Introduction above the form. Default: none. */
  readonly description?: string | Html
  /**
   * Whether each room of a global installation has settings of its own, which override those of the group.
   * An empty field takes its value from the group. Default false.
   */
  readonly allowAccessToRoomAdmins?: boolean
  /**
   * Returns whether the person who opened the page may see and change the settings. Servers show the page
   * only to administrators, but every member of a room can get a signed request of their own from a page in
   * that room, and open this page with it. Default: for a group's settings its administrators, for a room's
   * settings anyone with a signed request.
   */
  readonly mayChange?: (context: PageContext<S, never>) => boolean | Promise<boolean>
}

/**
 * The installation and room whose settings are read: the context of any handler, or the parts of it listed
 * here.
 */
export interface SettingsPlace {
  /** The installation whose settings they are. */
  readonly installation: Installation
  /** The installation's values, among which the settings are kept. */
  readonly store: InstallationStore
  /** The room, if rooms have settings of their own. */
  readonly room?: { readonly id: number } | undefined
}

/** The settings of an add-on. */
export interface AddonSettings<F extends SettingsFields = SettingsFields, S extends Scope = Scope> {
  /** Reads the saved values, or the defaults. Rejects with a StoreError if the store fails. */
  get(place: SettingsPlace): Promise<SettingsValues<F>>
  /**
   * Adds a handler that runs after somebody saved, with the saved values. If it throws, the values stay
   * saved, `onError` gets the error, and the page reports it.
   */
  onSaved(handler: (context: PageContext<S, never>, values: SettingsValues<F>) => unknown): this
}

/** The services that settings need. */
export interface SettingsParts {
  readonly modules: Modules
  onError(error: unknown, context: PageContext): Promise<void>
  /** Is told when somebody saved, before the `onSaved` handlers. */
  saved(installation: Installation): Promise<void>
}

const checks: Checks<SettingsOptions> = {
  fields: elsewhere,
  title: anyText,
  description: (value, name) => (value instanceof Html ? undefined : anyText(value, name)),
  allowAccessToRoomAdmins: flag,
  mayChange: expecting('a function of the context', (value) => typeof value === 'function'),
}

/** Registers the configuration page, and returns the add-on's settings. */
export function createSettings(
  options: SettingsOptions,
  { modules, onError, saved: noteSaved }: SettingsParts,
): AddonSettings {
  checkOptions<SettingsOptions>('settings', options, checks, ['fields'])
  const { fields, title, description, allowAccessToRoomAdmins: rooms = false, mayChange } = options
  checkFields(fields)
  const saved: ((context: PageContext<Scope, never>, values: SettingsValues<SettingsFields>) => unknown)[] =
    []

  const secrets = Object.entries(fields)
    .filter(([, { type }]) => type === 'secret')
    .map(([name]) => name)

  const keyOf = ({ installation, room }: SettingsPlace): string =>
    rooms && installation.roomId === undefined && room ? `${groupKey}:room:${room.id}` : groupKey

  const stored = async ({ store }: SettingsPlace, key: string): Promise<StoredValues> =>
    (await store.get<StoredValues>(key)) ?? {}

  /** The values saved for this place itself, and those that it takes from the group. */
  async function savedAt(place: SettingsPlace): Promise<{ own: StoredValues; group: StoredValues }> {
    const key = keyOf(place)
    const own = await stored(place, key)
    return { own, group: key === groupKey ? {} : await stored(place, groupKey) }
  }

  async function current(place: SettingsPlace): Promise<StoredValues> {
    const { own, group } = await savedAt(place)
    return { ...group, ...own }
  }

  // The type follows from the fields, and `valuesOf` validates the values with them.
  const typed = (values: StoredValues) => valuesOf(fields, values) as SettingsValues<SettingsFields>

  function draw(
    context: PageContext,
    { own, ...more }: Pick<SettingsDrawing, 'written'> & Partial<SettingsDrawing> & { own?: StoredValues },
  ): PageParts {
    const { sessionToken } = context
    const kept = own ? secrets.filter((name) => own[name] !== undefined) : []
    const errors = new Map<string, string>()
    return settingsPage({
      title,
      description,
      fields,
      kept,
      errors,
      notice: undefined,
      sessionToken,
      ...more,
    })
  }

  async function drawCurrent(context: PageContext, notice?: Notice): Promise<PageParts> {
    const { own, group } = await savedAt(context)
    const written = writtenOf(fields, valuesOf(fields, { ...group, ...own }))
    return draw(context, { written, own, notice })
  }

  /** The page for a person who may not change these settings; `undefined` if they may. */
  async function refusal(context: PageContext): Promise<PageParts | undefined> {
    return mayChange && !(await mayChange(context))
      ? refused('You may not change these settings.')
      : undefined
  }

  async function show(context: PageContext): Promise<PageParts> {
    return (await refusal(context)) ?? drawCurrent(context)
  }

  async function save(context: FormContext): Promise<PageParts> {
    const { form, expired, store } = context
    if (expired) {
      // The session is over: show only what the form itself contained.
      const { written } = readForm(fields, form, {}, {})
      return draw(context, { written, notice: 'expired', sessionToken: undefined })
    }
    const no = await refusal(context)
    if (no) return no
    const { own, group } = await savedAt(context)
    const { errors, written } = readForm(fields, form, own, group)
    if (errors.size > 0) return draw(context, { written, errors, own, notice: 'wrong' })
    // The form is read again on the current values, since somebody else may have changed a secret in the
    // meantime.
    await store.update<StoredValues>(
      keyOf(context),
      (newest) => readForm(fields, form, newest ?? {}, group).values,
    )
    return drawCurrent(context, (await runSaved(context)) ? 'saved' : 'saved, but')
  }

  /** Runs the `onSaved` handlers. Returns false if one failed; the values stay saved. */
  async function runSaved(context: PageContext): Promise<boolean> {
    try {
      await noteSaved(context.installation)
      const values = typed(await current(context))
      for (const handler of saved) await handler(context, values)
      return true
    } catch (error) {
      await onError(error, context)
      return false
    }
  }

  modules.addSettingsPage(rooms ? { allowAccessToRoomAdmins: true } : {}, show, {
    form: save,
    anybody: mayChange !== undefined,
  })

  return {
    async get(place) {
      return typed(await current(place))
    },
    onSaved(handler) {
      expectFunction(handler, 'settings.onSaved: expected a handler')
      saved.push(handler)
      return this
    },
  }
}

// Key of the group's settings in the installation's store.
const groupKey = 'settings'

const refused = (why: string): PageParts =>
  page(html`<h1>Settings</h1>\n<p role="alert">${why}</p>`, { title: 'Settings', status: 403 })

/** The values as texts in the fields, without secrets. */
function writtenOf(
  fields: SettingsFields,
  values: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, string> {
  const shown = Object.entries(values).filter(([name]) => fields[name]?.type !== 'secret')
  return new Map(shown.map(([name, value]) => [name, textFor(value)]))
}

function textFor(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : ''
  return value === undefined ? '' : String(value)
}
