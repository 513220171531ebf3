import { useSignal } from '@preact/signals'
import { Copy } from '../addons/copy.tsx'
import { Problem, useWork } from '../addons/work.tsx'
import { call } from '../api.ts'
import { explained } from './claims.ts'
import { type Delivery, deliveries } from './watching.ts'

/** All of one delivery: the request, the claims of its signature, the response. */
export function Details({ delivery }: { readonly delivery: Delivery }) {
  const { id, url, request, response, error, notPosted } = delivery
  const { busy, problem, run } = useWork()
  const done = useSignal('')
  return (
    <div class="inspector-parts">
      <p class="tools-buttons">
        <code class="tools-secret">POST {url}</code>
        <button
          type="button"
          class="button tools-small"
          disabled={busy.value}
          onClick={() =>
            run(async () => {
              done.value = ''
              const again = await call('redeliver', { id })
              deliveries.add([again])
              done.value = `Sent again as delivery ${again.id}: ${again.error ?? `answered ${again.status}`}, in ${again.duration} ms.`
            })
          }
        >
          Resend
        </button>
        <span role="status">{done.value}</span>
      </p>
      <Problem text={problem.value} />
      {error !== null && <p class="tools-problem">{error}</p>}
      {notPosted !== undefined && (
        <p class="tools-problem">The answer was not posted into the room: {notPosted}</p>
      )}
      {request === null ? (
        <p class="tools-quiet">
          The request is not shown: it happened in a room that you cannot see, or too long ago.
        </p>
      ) : (
        <>
          {request.claims !== null && <Claims claims={request.claims} />}
          <Headers title="Headers sent" headers={request.headers} />
          <Body title="Body sent" body={request.body} />
        </>
      )}
      {response !== null && (
        <>
          <Headers title="Headers of the answer" headers={response.headers} />
          {response.body === '' ? (
            <p class="tools-quiet">The answer had no body.</p>
          ) : (
            <Body title="Body of the answer" body={response.body} />
          )}
        </>
      )}
    </div>
  )
}

const Claims = ({ claims }: { readonly claims: Readonly<Record<string, unknown>> }) => (
  <section aria-label="What the signature says">
    <h3>What the signature says</h3>
    <dl class="inspector-claims">
      {explained(claims).map(({ name, value, meaning }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <code>{value}</code>
            {meaning !== '' && <span class="tools-quiet"> {meaning}</span>}
          </dd>
        </div>
      ))}
    </dl>
  </section>
)

interface HeadersProps {
  readonly title: string
  readonly headers: Readonly<Record<string, unknown>>
}

const Headers = ({ title, headers }: HeadersProps) => (
  <section aria-label={title}>
    <h3>{title}</h3>
    <pre class="tools-code">
      {Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}`)
        .join('\n')}
    </pre>
  </section>
)

function Body({ title, body }: { readonly title: string; readonly body: unknown }) {
  const text = pretty(body)
  return (
    <section aria-label={title}>
      <h3>
        {title} <Copy text={text} what={title.toLowerCase()} />
      </h3>
      <pre class="tools-code">{text}</pre>
    </section>
  )
}

function pretty(body: unknown): string {
  if (typeof body !== 'string') return JSON.stringify(body, null, 2)
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body // not JSON, or truncated
  }
}
