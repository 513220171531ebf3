import { useSignal } from '@preact/signals'
import { useLayoutEffect } from 'preact/hooks'
import { Copy } from '../addons/copy.tsx'
import { scopeName } from '../addons/scopes.tsx'
import { Problem, useWork } from '../addons/work.tsx'
import { call } from '../api.ts'
import { clock, type Installation, installations, roomName } from './watching.ts'

const shownFor = 60_000 // milliseconds: longer than it takes to copy

/** Installations, with what an add-on author needs to know about them. */
export function Installations() {
  const { value } = installations
  if (value.length === 0)
    return (
      <p class="tools-note">
        Nothing is installed yet. Install an add-on on the page of the add-ons, by the address of its
        descriptor.
      </p>
    )
  return (
    <ul class="tools-list inspector-installations">
      {value.map((one) => (
        <li key={one.oauthId} class="tools-card">
          <One installation={one} />
        </li>
      ))}
    </ul>
  )
}

function One({ installation }: { readonly installation: Installation }) {
  const { name, key, roomId, status, scopes, webhooks, lastDelivery, descriptor, oauthId, created } =
    installation
  return (
    <>
      <h3>
        {name}
        {status === 'pending' && <span class="tools-badge tools-new">not confirmed yet</span>}
      </h3>
      <dl class="inspector-facts">
        <div>
          <dt>Key</dt>
          <dd>
            <code>{key}</code>
          </dd>
        </div>
        <div>
          <dt>Where</dt>
          <dd>
            {roomName(roomId)}, since {new Date(created).toLocaleString()}
          </dd>
        </div>
        <div>
          <dt>OAuth id</dt>
          <dd>
            <code>{oauthId}</code> <Copy text={oauthId} what={`the OAuth id of ${name}`} />
          </dd>
        </div>
        <div>
          <dt>Secret</dt>
          <dd>
            <Secret oauthId={oauthId} name={name} />
          </dd>
        </div>
        <div>
          <dt>Scopes</dt>
          <dd>{scopes.length === 0 ? 'none' : scopes.map(scopeName).join(', ')}</dd>
        </div>
        <div>
          <dt>Webhooks</dt>
          <dd>{webhooks}</dd>
        </div>
        <div>
          <dt>Last delivery</dt>
          <dd>
            {lastDelivery === null
              ? 'none yet'
              : `${clock(lastDelivery.at)}: ${lastDelivery.error ?? 'succeeded'}`}
          </dd>
        </div>
        <div>
          <dt>Descriptor</dt>
          <dd>
            {/^https?:/i.test(descriptor) ? (
              <a href={descriptor} target="_blank" rel="noopener noreferrer">
                {descriptor}
              </a>
            ) : (
              <code>{descriptor.slice(0, 200)}</code>
            )}
          </dd>
        </div>
      </dl>
    </>
  )
}

/** Not on the page until someone asks for it, and removed after a minute. */
function Secret({ oauthId, name }: { readonly oauthId: string; readonly name: string }) {
  const text = useSignal('')
  const { busy, problem, run } = useWork()
  // A layout effect: in a window that is not visible other effects are delayed, and the secret would stay.
  useLayoutEffect(() => {
    if (text.value === '') return
    const timer = setTimeout(() => {
      text.value = ''
    }, shownFor)
    return () => clearTimeout(timer)
  }, [text.value])
  if (text.value === '')
    return (
      <>
        <button
          type="button"
          class="button tools-small"
          aria-label={`Show secret of ${name}`}
          disabled={busy.value}
          onClick={() =>
            run(async () => {
              text.value = (await call('getSecret', { oauthId })).oauthSecret
            })
          }
        >
          Show secret
        </button>
        <Problem text={problem.value} />
      </>
    )
  return (
    <>
      <code class="tools-secret">{text.value}</code> <Copy text={text.value} what={`the secret of ${name}`} />{' '}
      <button
        type="button"
        class="button tools-small"
        aria-label={`Hide secret of ${name}`}
        onClick={() => {
          text.value = ''
        }}
      >
        Hide
      </button>{' '}
      <span class="tools-quiet">
        Anyone who has it can act as the add-on. It is hidden again after a minute.
      </span>
    </>
  )
}
