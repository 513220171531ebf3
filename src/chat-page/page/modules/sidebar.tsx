import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { PageModule, PageRoom } from '../../../server/chat-page/routes.ts'
import { glanceHtml, isAddress, safeHtml } from '../messages/html.ts'
import { opened } from '../opening.tsx'
import { me } from '../store.ts'
import { asksForGlance, holds } from './conditions.ts'
import { ModuleFrame } from './frame.tsx'
import type { ReadGlance } from './glance-content.ts'
import { type Glance, type GlanceState, loadGlances, stateOf, whenMissed } from './glances.ts'
import { CloseIcon, ReloadIcon } from './icons.tsx'
import { closePanel, openForPerson, type Panel, panel, present } from './opening.ts'
import './modules.css'

/** The glances of a room's add-ons, or the open panel. */
export function Sidebar({ room }: { room: PageRoom }) {
  const glances = present.value.flatMap((integration) =>
    integration.modules.filter(({ type }) => type === 'glance').map((module) => ({ integration, module })),
  )
  // Queried again when an add-on was installed or updated.
  const asked = glances.map(
    ({ integration, module }) => `${integration.oauth_id} ${module.key} ${module.url}`,
  )
  const current = useRef(glances)
  current.current = glances
  useEffect(() => {
    void loadGlances(room.id, current.current)
  }, [room.id, asked.join('\n')])
  useEffect(() => whenMissed(() => void loadGlances(room.id, current.current)), [room.id])

  const list = useRef<HTMLUListElement>(null)
  const { value: open } = panel
  const wasOpen = useRef<Panel | undefined>(undefined)
  useEffect(() => {
    // The close button is gone: the focus returns to where it was before.
    const { glance } = wasOpen.current ?? {}
    if (!open && glance && document.activeElement === document.body)
      list.current?.querySelector<HTMLElement>(`[data-glance="${CSS.escape(glance.key)}"]`)?.focus()
    wasOpen.current = open
  }, [open])

  const visible = glances
    .filter((glance) => isVisible(glance, room))
    .sort((one, other) => one.module.weight - other.module.weight)
  if (open)
    return <PanelView key={`${open.integration.oauth_id} ${open.module.key} ${open.id}`} panel={open} />
  if (visible.length === 0) return null
  return (
    <aside class="module-sidebar" aria-label="Add-ons of this room">
      <ul class="module-glances" ref={list}>
        {visible.map((glance) => (
          <li key={`${glance.integration.oauth_id} ${glance.module.key}`}>
            <GlanceRow glance={glance} room={room} />
          </li>
        ))}
      </ul>
    </aside>
  )
}

/** A glance with an error is shown whatever its conditions say; a glance with conditions on its data waits for the data. */
function isVisible({ integration, module }: Glance, room: PageRoom): boolean {
  const state = stateOf(room.id, { integration, module })
  if (!me.value) return false
  if (state !== 'static' && state.kind === 'failed') return true
  const glance = contentOf(state)
  if (!glance && asksForGlance(module.conditions)) return false
  return holds(module.conditions, { room, user: me.value, glance })
}

const contentOf = (state: GlanceState | 'static'): ReadGlance | undefined =>
  state === 'static' || state.kind === 'failed' ? undefined : state.content

function GlanceRow({ glance, room }: { glance: Glance; room: PageRoom }) {
  const { integration, module } = glance
  const state = stateOf(room.id, glance)
  if (state !== 'static' && state.kind === 'failed')
    return (
      <div class="module-glance module-glance-failed">
        <Icon of={module} />
        <span class="module-label">
          {module.name}
          <span class="module-reason">
            {integration.name} {state.reason}
          </span>
        </span>
        <button
          type="button"
          class="module-tool"
          aria-label={`Try again: ${module.name}`}
          title="Try again"
          onClick={() => void loadGlances(room.id, [glance])}
        >
          <ReloadIcon />
        </button>
      </div>
    )
  const busy = state !== 'static' && state.kind === 'loading' && !state.content
  const content = <GlanceContent module={module} content={contentOf(state)} />
  if (!module.target)
    return (
      <div class="module-glance" aria-busy={busy}>
        {content}
      </div>
    )
  return (
    <button
      type="button"
      class="module-glance"
      data-glance={module.key}
      aria-busy={busy}
      title={integration.name}
      onClick={() => openForPerson({ integration, room, key: module.key })}
    >
      {content}
    </button>
  )
}

function GlanceContent({ module, content }: { module: PageModule; content: ReadGlance | undefined }) {
  return (
    <>
      <Icon of={module} />
      <span class="module-label">{content ? safeHtml(content.label.value, glanceHtml) : module.name}</span>
      {content?.status && <Status status={content.status} />}
    </>
  )
}

function Status({ status }: { status: NonNullable<ReadGlance['status']> }) {
  if (status.type === 'lozenge')
    return <span class={`module-lozenge module-lozenge-${status.value.type}`}>{status.value.label}</span>
  return <Picture url={status.value.url} large={status.value['url@2x']} />
}

function Icon({ of: { icon } }: { of: Pick<PageModule, 'icon'> }) {
  return icon ? <Picture url={icon.url} large={icon['url@2x']} /> : null
}

/** A picture of an add-on, unless its URL is not one of a picture. If it fails to load, nothing is shown. */
function Picture({ url, large }: { url: string; large: string | undefined }) {
  const isMissing = useSignal(false)
  if (isMissing.value || !isAddress(url, pictures)) return null
  return (
    <img
      class="module-icon"
      alt=""
      src={url}
      srcset={isAddress(large, pictures) && !/[\s,]/.test(large) ? `${url} 1x, ${large} 2x` : undefined}
      referrerpolicy="no-referrer"
      onError={() => {
        isMissing.value = true
      }}
    />
  )
}

const pictures = /^(?:https?|data):$/

function PanelView({ panel: { id, integration, module, room, values, events, glance } }: { panel: Panel }) {
  const loads = useSignal(0)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (id > 0) opened.value = 'side' // on a phone it would be hidden; a panel that is only restored stays there
    // The element that was pressed to open it is gone.
    if (document.activeElement === document.body) heading.current?.focus()
  }, [])
  const state = glance && stateOf(room.id, { integration, module: glance })
  return (
    <aside class="module-sidebar module-panel" aria-label={module.name}>
      <header>
        <h2 class="module-glance" ref={heading} tabIndex={-1}>
          {glance ? (
            <GlanceContent module={glance} content={state && contentOf(state)} />
          ) : (
            <GlanceContent module={module} content={undefined} />
          )}
        </h2>
        <button
          type="button"
          class="module-tool"
          aria-label={`Load ${module.name} again`}
          title="Load again"
          onClick={() => loads.value++}
        >
          <ReloadIcon />
        </button>
        <button
          type="button"
          class="module-tool"
          aria-label={`Close ${module.name}`}
          title="Close"
          onClick={closePanel}
        >
          <CloseIcon />
        </button>
      </header>
      <ModuleFrame
        key={`${module.url} ${loads.value}`}
        integration={integration}
        room={room}
        show={{ key: module.key }}
        title={module.name}
        values={values}
        events={events}
      />
    </aside>
  )
}
