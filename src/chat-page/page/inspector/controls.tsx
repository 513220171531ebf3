import type { Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import type { Arriving } from './arriving.ts'
import { addonName, installations } from './watching.ts'

/** Pauses the list, and clears it. */
export function Controls({ of }: { readonly of: Arriving<unknown> }) {
  const { isPaused, waiting } = of
  return (
    <>
      <button
        type="button"
        class="button"
        aria-pressed={isPaused.value}
        onClick={() => of.setPaused(!isPaused.value)}
      >
        {isPaused.value
          ? `Resume${waiting.value.length > 0 ? ` (${waiting.value.length} new)` : ''}`
          : 'Pause'}
      </button>
      <button type="button" class="button" onClick={() => of.clear()}>
        Clear
      </button>
    </>
  )
}

interface SelectProps {
  readonly label: string
  readonly chosen: Signal<string>
  readonly children: ComponentChildren
}

/** Everything, or the entries of one kind; the empty string means everything. */
export const Select = ({ label, chosen, children }: SelectProps) => (
  <label class="field tools-inline">
    <span>{label}</span>
    <select
      value={chosen.value}
      onChange={(event) => {
        chosen.value = event.currentTarget.value
      }}
    >
      <option value="">All</option>
      {children}
    </select>
  </label>
)

interface AddonSelectProps {
  readonly chosen: Signal<string>
  /** The OAuth ids that occur; those of current installations are added. */
  readonly ids: readonly (string | null)[]
}

/** Everything, or the entries of one add-on, by its OAuth id. */
export function AddonSelect({ chosen, ids }: AddonSelectProps) {
  const installed = installations.value.map(({ oauthId }) => oauthId)
  const all = [...new Set([...installed, ...ids.filter((id) => id !== null)])]
  return (
    <Select label="Add-on" chosen={chosen}>
      {all.map((id) => (
        <option key={id} value={id}>
          {addonName(id)}
        </option>
      ))}
    </Select>
  )
}

/** The choice to list only what failed. */
export const FailedOnly = ({ chosen }: { readonly chosen: Signal<boolean> }) => (
  <label class="inspector-check">
    <input
      type="checkbox"
      checked={chosen.value}
      onChange={(event) => {
        chosen.value = event.currentTarget.checked
      }}
    />
    Failed only
  </label>
)

/** An outcome, in a word that does not rely on its colour. */
export const Outcome = ({
  status,
  error,
}: {
  readonly status: number | null
  readonly error: string | null
}) => (
  <span class={error === null ? 'inspector-good' : 'inspector-bad'}>
    {status ?? '—'}
    {error !== null && <span class="inspector-error"> {error}</span>}
  </span>
)
