import { limitedTo } from '../characters.ts'
import './tools.css'
import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ResultOf } from '../../../api/operation.ts'
import { type Scope, scopeNames, scopes } from '../../../api/scopes.ts'
import type { pageApi } from '../../../server/chat-page/routes.ts'
import { call } from '../api.ts'
import { More } from '../more.tsx'
import { me, moreRooms, nextRooms, roomOf, rooms } from '../store.ts'
import { Copy } from './copy.tsx'
import { Confirm } from './modal.tsx'
import { scopeName } from './scopes.tsx'
import { Problem, useWork } from './work.tsx'

type Token = ResultOf<typeof pageApi.listTokens>['items'][number]

/** A token that was just made: the only time its text is available. */
interface Made {
  readonly text: string
  readonly label: string
  readonly room: number | undefined
  readonly sends: boolean
}

/** Tokens made by hand. */
export function Tokens() {
  const items = useSignal<readonly Token[] | undefined>(undefined)
  const next = useSignal<string | null>(null)
  const made = useSignal<Made | undefined>(undefined)
  const revoking = useSignal<Token | undefined>(undefined)
  const problem = useSignal('')
  async function load(): Promise<void> {
    try {
      const part = await call('listTokens')
      items.value = part.items
      next.value = part.next
      problem.value = ''
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
    }
  }
  async function loadMore(): Promise<void> {
    if (next.value === null) return
    const part = await call('listTokens', { after: next.value })
    items.value = [...(items.value ?? []), ...part.items]
    next.value = part.next
  }
  useEffect(() => void load(), [])
  const onMade = (token: Made) => {
    made.value = token
    void load()
  }
  return (
    <section class="tools" aria-labelledby="tokens-title">
      <header class="tools-head">
        <h1 id="tokens-title">Tokens</h1>
      </header>
      <p class="tools-quiet">
        A token lets a program use the API. A personal one acts in your name; one of a room sends
        notifications into that room and can do nothing else.
      </p>
      {made.value && (
        <Shown
          token={made.value}
          onClose={() => {
            made.value = undefined
          }}
        />
      )}
      <div class="tools-columns">
        <PersonalForm onMade={onMade} />
        <RoomForm onMade={onMade} />
      </div>
      <h2>Your tokens</h2>
      <Problem text={problem.value} />
      {items.value?.length === 0 && <p class="tools-quiet">You have none yet.</p>}
      <ul class="tools-list">
        {items.value?.map((token) => (
          <li key={token.id} class="tools-card tools-row">
            <div class="tools-about">
              <h3>{nameOf(token)}</h3>
              <p class="tools-quiet">
                {token.room_id === null ? 'Personal' : `For the room ${roomName(token.room_id)}`} · made{' '}
                {new Date(token.created).toLocaleString()}
                {token.expires !== null && ` · ends ${new Date(token.expires).toLocaleString()}`}
              </p>
              <p class="tools-quiet">{token.scopes.map(scopeName).join(', ')}</p>
            </div>
            <button
              type="button"
              class="button"
              aria-label={`Revoke ${nameOf(token)}`}
              onClick={() => {
                revoking.value = token
              }}
            >
              Revoke
            </button>
          </li>
        ))}
      </ul>
      {next.value !== null && <More label="More tokens" load={loadMore} />}
      {revoking.value && (
        <Confirm
          title={`Revoke ${nameOf(revoking.value)}?`}
          text="Programs that use it will be refused. This cannot be undone."
          action="Revoke"
          onClose={() => {
            revoking.value = undefined
          }}
          work={async () => {
            await call('revokeToken', { id: revoking.value?.id ?? '' })
            await load()
          }}
        />
      )}
    </section>
  )
}

const nameOf = ({ label, id }: Token): string => label ?? `Token ${id.slice(0, 6)}`

const roomName = (id: number): string => roomOf(id)?.name ?? String(id)

interface FormProps {
  readonly onMade: (token: Made) => void
}

function PersonalForm({ onMade }: FormProps) {
  const label = useSignal('')
  const chosen = useSignal<ReadonlySet<Scope>>(new Set(['send_notification', 'view_room']))
  const { busy, problem, run } = useWork()
  // The others require an administrator; the server decides.
  const possible = scopeNames.filter(
    (scope) => me.value?.is_group_admin === true || (scope !== 'admin_group' && scope !== 'import_data'),
  )
  function toggle(scope: Scope, on: boolean): void {
    const next = new Set(chosen.value)
    if (on) next.add(scope)
    else next.delete(scope)
    chosen.value = next
  }
  return (
    <form
      class="tools-card"
      aria-label="New personal token"
      onSubmit={(event) => {
        event.preventDefault()
        run(async () => {
          const wanted = possible.filter((scope) => chosen.value.has(scope))
          const { token } = await call('createToken', {
            scopes: wanted,
            ...(label.value.trim() === '' ? {} : { label: label.value.trim() }),
          })
          const sends = wanted.includes('send_notification')
          onMade({ text: token, label: label.value.trim(), room: undefined, sends })
          label.value = ''
        })
      }}
    >
      <h2>Personal token</h2>
      <LabelField label={label} />
      <fieldset class="tools-choices">
        <legend>What it may do</legend>
        {possible.map((scope) => (
          <label key={scope}>
            <input
              type="checkbox"
              checked={chosen.value.has(scope)}
              onChange={(event) => toggle(scope, event.currentTarget.checked)}
            />
            <span>
              <b>{scopes[scope].name}</b> <span class="tools-quiet">{scopes[scope].description}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <Problem text={problem.value} />
      <button type="submit" class="button-main" disabled={busy.value}>
        Make a personal token
      </button>
    </form>
  )
}

function RoomForm({ onMade }: FormProps) {
  const label = useSignal('')
  const chosen = useSignal('')
  const { busy, problem, run } = useWork()
  const possible = [...rooms.value.values()].filter((room) => room.runs && !room.is_archived)
  const current = chosen.value || String(possible[0]?.id)
  if (possible.length === 0)
    return (
      <section class="tools-card" aria-label="New room token">
        <h2>Room token</h2>
        <p class="tools-quiet">People who run a room can make tokens for it. You do not run a room.</p>
        {nextRooms.value !== null && <More label="More rooms" load={moreRooms} />}
      </section>
    )
  return (
    <form
      class="tools-card"
      aria-label="New room token"
      onSubmit={(event) => {
        event.preventDefault()
        run(async () => {
          const room = Number(current)
          const { token } = await call('createToken', {
            room_id: room,
            ...(label.value.trim() === '' ? {} : { label: label.value.trim() }),
          })
          onMade({ text: token, label: label.value.trim(), room, sends: true })
          label.value = ''
        })
      }}
    >
      <h2>Room token</h2>
      <label class="field">
        <span>Room</span>
        <select
          value={current}
          onChange={(event) => {
            chosen.value = event.currentTarget.value
          }}
        >
          {possible.map(({ id, name }) => (
            <option key={id} value={String(id)}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {nextRooms.value !== null && <More label="More rooms" load={moreRooms} />}
      <LabelField label={label} hint="who its notifications come from" />
      <Problem text={problem.value} />
      <button type="submit" class="button-main" disabled={busy.value}>
        Make a room token
      </button>
    </form>
  )
}

interface LabelProps {
  readonly label: Signal<string>
  readonly hint?: string
}

const LabelField = ({ label, hint }: LabelProps) => (
  <label class="field">
    <span>Label{hint !== undefined && `: ${hint}`}</span>
    <input
      type="text"
      autocomplete="off"
      placeholder={hint === undefined ? 'What it is for' : 'Integration'}
      value={label.value}
      onInput={(event) => {
        limitedTo(longestLabel).onInput(event)
        label.value = event.currentTarget.value
      }}
    />
  </label>
)

const longestLabel = 50

/** The text of a new token, and a line to try it with. */
function Shown({ token, onClose }: { readonly token: Made; readonly onClose: () => void }) {
  const room = token.room ?? [...rooms.value.keys()][0]
  const line =
    token.sends && room !== undefined
      ? [
          `curl -X POST '${location.origin}/v2/room/${room}/notification'`,
          `-H 'Authorization: Bearer ${token.text}'`,
          `-H 'Content-Type: application/json'`,
          `-d '{"message":"Hello","message_format":"text","color":"green"}'`,
        ].join(' ')
      : `curl '${location.origin}/v2/oauth/token/${token.text}' -H 'Authorization: Bearer ${token.text}'`
  return (
    <section class="tools-card tools-made" aria-label="Your new token">
      <h2>{token.label || 'Your new token'}</h2>
      <p role="status">Copy it now: it is not shown again.</p>
      <p>
        <code class="tools-secret">{token.text}</code> <Copy text={token.text} what="the token" />
      </p>
      <p class="tools-quiet">Try it:</p>
      <pre class="tools-code">{line}</pre>
      <p class="tools-buttons">
        <Copy text={line} what="the command" />
        <button type="button" class="button" onClick={onClose}>
          Done
        </button>
      </p>
    </section>
  )
}
