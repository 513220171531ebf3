import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { PageIntegration } from '../../../server/chat-page/routes.ts'
import { call } from '../api.ts'
import { theme } from '../theme.ts'
import { Problem } from './work.tsx'

interface ConfigFrameProps {
  readonly integration: PageIntegration
  /** Where it is shown: an add-on of the whole group may have separate settings for each room. */
  readonly room: number | undefined
  readonly page: 'configurable' | 'adminPage'
}

const allowed = [
  'allow-scripts',
  'allow-forms',
  'allow-popups',
  'allow-popups-to-escape-sandbox',
  'allow-modals',
  'allow-downloads',
]

/** The configuration page of an add-on, or its admin page, at a URL that is signed when it is opened. */
export function ConfigFrame({ integration, room, page }: ConfigFrameProps) {
  const address = useSignal('')
  const problem = useSignal('')
  const look = theme.value
  useEffect(() => {
    let gone = false
    problem.value = ''
    call('openModule', {
      oauth_id: integration.oauth_id,
      page,
      theme: look,
      ...(room === undefined ? {} : { room_id: room }),
    }).then(
      ({ url }) => {
        if (!gone) address.value = url
      },
      (error: Error) => {
        if (!gone) problem.value = error.message
      },
    )
    return () => {
      gone = true
    }
  }, [integration.oauth_id, room, page, look])
  if (problem.value !== '') return <Problem text={problem.value} />
  if (address.value === '') return <p role="status">Loading…</p>
  // On the page's own origin a frame that keeps its origin could reach the page, and the session of the person on it.
  const own = new URL(address.value).origin === location.origin
  return (
    <iframe
      class="tools-frame"
      title={`${integration.name}: ${page === 'configurable' ? 'configuration' : 'administration'}`}
      src={address.value}
      sandbox={[...allowed, ...(own ? [] : ['allow-same-origin'])].join(' ')}
      referrerpolicy="no-referrer"
      allow=""
    />
  )
}
