import { useSignal } from '@preact/signals'
import type { PageRoom } from '../../../server/chat-page/routes.ts'
import { type Proposal, Proposed, propose } from './proposal.tsx'
import { wanted } from './wanted.ts'
import { Problem, useWork } from './work.tsx'

/** Installs an add-on by the URL of its descriptor: first shows what it asks for, then asks for approval. */
export function Install({ room }: { readonly room: PageRoom | undefined }) {
  const { busy, problem, run } = useWork()
  const proposal = useSignal<Proposal | undefined>(undefined)
  const done = useSignal('')
  const { url, relayState } = wanted.value
  const place = room ? room.name : 'the whole group'

  function read(): void {
    done.value = ''
    proposal.value = undefined
    run(async () => {
      const found = await propose(url.trim(), room?.id)
      // The URL may have changed since.
      if (wanted.value.url.trim() === found.url) proposal.value = found
    })
  }

  return (
    <section class="tools-card" aria-label="Install an add-on">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          read()
        }}
      >
        <label class="field">
          <span>Install in {place}: address of the descriptor</span>
          <input
            type="text"
            inputMode="url"
            required
            autocomplete="off"
            spellcheck={false}
            placeholder="http://localhost:3000"
            value={url}
            onInput={(event) => {
              wanted.value = { ...wanted.value, url: event.currentTarget.value }
              proposal.value = undefined
            }}
          />
        </label>
        <button type="submit" class="button" disabled={busy.value}>
          Show what it asks for
        </button>
      </form>
      <div role="status">
        {busy.value && <p>Reading the descriptor…</p>}
        {done.value !== '' && <p class="tools-good">{done.value}</p>}
      </div>
      <Problem text={problem.value} />
      {proposal.value && (
        <Proposed
          key={proposal.value.url}
          proposal={proposal.value}
          relayState={relayState}
          onCancel={() => {
            proposal.value = undefined
          }}
          onDone={(said) => {
            proposal.value = undefined
            done.value = said
            wanted.value = { url: '', room: '', relayState: undefined }
          }}
        />
      )}
    </section>
  )
}
