import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { PageIntegration, PageRoom } from '../../../server/chat-page/routes.ts'
import { call } from '../api.ts'
import { hear } from '../store.ts'
import { theme } from '../theme.ts'
import { type Frame, hint, openFrame } from './bridge.ts'
import type { Told } from './opening.ts'
import { parametersOf, senderInstallation } from './parameters.ts'
import './modules.css'

/** What is framed, and where. */
export interface ModuleFrameProps {
  readonly integration: PageIntegration
  /** Without a room it is framed for the whole group. */
  readonly room: PageRoom | undefined
  /** A module by its key, or one of the add-on's pages for administrators. */
  readonly show: { readonly key: string } | { readonly page: 'configurable' | 'adminPage' }
  /** Its title, for people who cannot see it. */
  readonly title: string
  /** The values of the URL's placeholders. */
  readonly values?: Readonly<Record<string, unknown>>
  /** Events sent to it once it has registered for them. */
  readonly events?: readonly Told[]
  /** Called for each frame that is created: the first one, and those that replace it for another theme. */
  readonly onFrame?: (frame: Frame) => void
  readonly onEscape?: () => void
}

type Status =
  | { readonly kind: 'asking' }
  | {
      readonly kind: 'loading' | 'loaded'
      readonly url: string
      readonly frame: Frame
      readonly sandbox: string
    }
  | { readonly kind: 'failed'; readonly reason: string }

// The open frames of an add-on receive each message that it sent.
hear('message', ({ message }) => {
  const sender = senderInstallation(message)
  if (sender !== undefined) hint(sender, 'message-received', parametersOf(message), null)
})

const limit = 20_000
const almostExpired = 120_000 // HipChat's client did not provide a token in its last two minutes

/** The page of an add-on may do everything except leave its frame, or reach anything around it. */
const permissions =
  'allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox allow-modals allow-downloads'

/**
 * A page of an add-on, with HipChat's JavaScript API, or why it cannot be shown. The URLs of panels and dialogs contain
 * the theme, so they are loaded again when it changes.
 */
export function ModuleFrame(props: ModuleFrameProps) {
  const { integration, room, show, title, values = {}, events = [], onFrame, onEscape } = props
  const status = useSignal<Status>({ kind: 'asking' })
  const attempt = useSignal(0)
  const element = useRef<HTMLIFrameElement>(null)
  const onLoad = useRef(() => {})
  const isModule = 'key' in show
  const shownTheme = isModule ? theme.value : undefined

  useEffect(() => {
    const about = {
      oauth_id: integration.oauth_id,
      ...show,
      values,
      ...(room ? { room_id: room.id } : {}),
      ...(shownTheme ? { theme: shownTheme } : {}),
    }
    let frame: Frame | undefined
    let isOver = false
    const fail = (reason: string) => {
      isOver = true
      frame?.end()
      clearTimeout(timer)
      status.value = { kind: 'failed', reason }
    }
    const timer = setTimeout(() => fail(`did not load within ${limit / 1000} seconds`), limit)
    status.value = { kind: 'asking' }
    call('openModule', about).then(
      (opened) => {
        if (isOver) return
        let { token, expires } = opened
        // On the page's own origin it would have all the rights of the page.
        const isOwn = new URL(opened.url).origin === location.origin
        frame = openFrame({
          integration,
          room,
          moduleKey: isModule ? show.key : show.page,
          origin: isOwn ? 'null' : new URL(opened.url).origin,
          window: () => element.current?.contentWindow ?? null,
          started: loaded,
          async token() {
            if (expires - Date.now() < almostExpired) ({ token, expires } = await call('openModule', about))
            return token
          },
          ...(onEscape ? { escape: onEscape } : {}),
        })
        for (const [name, data] of events) frame.tell(name, data)
        onFrame?.(frame)
        const sandbox = isOwn ? permissions : `${permissions} allow-same-origin`
        status.value = { kind: 'loading', url: opened.url, frame, sandbox }
      },
      (error: Error) => {
        if (!isOver) fail(error.message)
      },
    )
    function loaded() {
      clearTimeout(timer)
      if (status.value.kind === 'loading') status.value = { ...status.value, kind: 'loaded' }
    }
    onLoad.current = loaded
    return () => {
      isOver = true
      clearTimeout(timer)
      frame?.end()
    }
  }, [integration.oauth_id, JSON.stringify(show), room?.id, shownTheme, attempt.value])

  const { value: now } = status
  if (now.kind === 'failed')
    return (
      <div class="module-frame module-failed" role="alert">
        <p>
          {title}: {now.reason}
        </p>
        <button type="button" onClick={() => attempt.value++}>
          Try again
        </button>
      </div>
    )
  return (
    <div class="module-frame" aria-busy={now.kind !== 'loaded'}>
      {now.kind !== 'loaded' && (
        <p class="module-loading" role="status">
          Loading {title}…
        </p>
      )}
      {now.kind !== 'asking' && (
        <iframe
          key={now.frame.id}
          ref={element}
          class={now.kind === 'loading' ? 'module-hidden' : undefined}
          title={title}
          name={now.frame.name}
          sandbox={now.sandbox}
          referrerpolicy="no-referrer"
          allow=""
          src={now.url}
          onLoad={() => onLoad.current()}
        />
      )}
    </div>
  )
}
