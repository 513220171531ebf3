import '../addons/tools.css'
import './inspector.css'
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Problem } from '../addons/work.tsx'
import { me } from '../store.ts'
import { Calls } from './calls.tsx'
import { Deliveries } from './deliveries.tsx'
import { Installations } from './installations.tsx'
import { failed, watch } from './watching.ts'

const views = {
  deliveries: { name: 'Deliveries', View: Deliveries },
  calls: { name: 'API calls', View: Calls },
  installations: { name: 'Installations', View: Installations },
} as const

type ViewName = keyof typeof views

const names = Object.keys(views) as ViewName[] // the keys of the literal above

const chosen = signal<ViewName>('deliveries')

/** Deliveries to add-ons and their API calls, for add-on authors. */
export function Inspector() {
  return (
    <section class="tools" aria-labelledby="inspector-title">
      <header class="tools-head">
        <h1 id="inspector-title">Inspector</h1>
      </header>
      {me.value?.is_group_admin ? (
        <Views />
      ) : (
        <p class="tools-note">Only administrators of the group can see what add-ons receive.</p>
      )}
    </section>
  )
}

function Views() {
  useEffect(watch, [])
  const { View } = views[chosen.value]
  function move(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const next = names[(names.indexOf(chosen.value) + step + names.length) % names.length] ?? 'deliveries'
    chosen.value = next
    document.getElementById(`inspector-tab-${next}`)?.focus()
  }
  return (
    <>
      <div class="inspector-tabs" role="tablist" aria-label="Views">
        {names.map((name) => (
          <button
            key={name}
            id={`inspector-tab-${name}`}
            type="button"
            role="tab"
            aria-selected={name === chosen.value}
            aria-controls="inspector-view"
            tabIndex={name === chosen.value ? 0 : -1}
            onKeyDown={move}
            onClick={() => {
              chosen.value = name
            }}
          >
            {views[name].name}
          </button>
        ))}
      </div>
      <Problem text={failed.value} />
      <div id="inspector-view" role="tabpanel" aria-labelledby={`inspector-tab-${chosen.value}`}>
        <View />
      </div>
    </>
  )
}
