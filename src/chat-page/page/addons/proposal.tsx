import type { ResultOf } from '../../../api/operation.ts'
import type { administration } from '../../../server/admin/routes.ts'
import type { PageIntegration } from '../../../server/chat-page/routes.ts'
import { call } from '../api.ts'
import { Scopes, scopeName } from './scopes.tsx'
import { Problem, useWork, Warnings } from './work.tsx'

/** What installing would mean, according to the descriptor as it was read. */
export interface Proposal {
  readonly url: string
  readonly room: number | undefined
  readonly found: ResultOf<typeof administration.proposeInstallation>
}

const placeOf = (room: number | undefined) => (room === undefined ? {} : { room_id: room })

/** Asks the server what an add-on is and requires, before it is installed in a room or, without one, for the group. */
export const propose = async (url: string, room: number | undefined): Promise<Proposal> => ({
  url,
  room,
  found: await call('proposeInstallation', { url, ...placeOf(room) }),
})

interface ProposedProps {
  readonly proposal: Proposal
  readonly relayState: string | undefined
  /** The installation that it updates, if known. */
  readonly existing?: PageIntegration | undefined
  readonly onDone: (said: string) => void
  readonly onCancel: () => void
}

/** Shows what an add-on is and asks for, and installs exactly that once it is approved. */
export function Proposed({ proposal, relayState, existing, onDone, onCancel }: ProposedProps) {
  const { found, url, room } = proposal
  const { busy, problem, run } = useWork()
  const ids = found.scopes.map(({ id }) => id)
  const added = found.update ? found.scopes.filter(({ isNew }) => isNew).map(({ id }) => id) : []
  const dropped = existing?.scopes.filter((id) => !ids.includes(id)) ?? []

  async function approve(): Promise<void> {
    const { installed_url } = await call('installAddon', {
      url,
      ...placeOf(room),
      scopes: ids,
      ...(relayState === undefined ? {} : { relay_state: relayState }),
    })
    // The add-on continues in the browser, and redirects back here. The server refused any other kind of URL.
    if (installed_url !== undefined && /^https?:/.test(installed_url)) location.assign(installed_url)
    else onDone(`${found.name} is ${found.update ? 'up to date' : 'installed'}.`)
  }

  return (
    <div class="tools-proposal">
      <h3>{found.update ? `Update ${found.name}` : found.name}</h3>
      <p>{found.description}</p>
      <p class="tools-quiet">
        From <strong>{found.host}</strong>
        {found.vendor !== null && `, by ${found.vendor}`}
      </p>
      <p>Approve it only if you know who they are.</p>
      {ids.length === 0 ? <p>It asks for no rights.</p> : <p>It asks for the right to:</p>}
      <Scopes ids={ids} added={added} />
      {found.update && added.length === 0 && <p class="tools-quiet">None of this is new.</p>}
      {dropped.length > 0 && <p>It gives up: {dropped.map(scopeName).join(', ')}.</p>}
      <Warnings of={found.warnings} />
      <Problem text={problem.value} />
      <p class="tools-buttons">
        <button type="button" class="button-main" disabled={busy.value} onClick={() => run(approve)}>
          {found.update ? 'Approve and update' : 'Approve and install'}
        </button>
        <button type="button" class="button" onClick={onCancel}>
          Cancel
        </button>
      </p>
    </div>
  )
}
