import { type Signal, useSignal } from '@preact/signals'

/** The work of a form or a list: one action at a time. */
export interface Work {
  readonly busy: Signal<boolean>
  /** Why the last action failed, in the server's words; empty if it did not. */
  readonly problem: Signal<string>
  /** Runs one action at a time; its error becomes the problem. */
  run(work: () => Promise<unknown>): void
}

/** The action that a button starts, and its outcome. */
export function useWork(): Work {
  const busy = useSignal(false)
  const problem = useSignal('')
  async function begin(work: () => Promise<unknown>): Promise<void> {
    if (busy.value) return
    busy.value = true
    problem.value = ''
    try {
      await work()
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
    } finally {
      busy.value = false
    }
  }
  return { busy, problem, run: (work) => void begin(work) }
}

/** Why something failed, and what to do about it. Always rendered, so that screen readers announce the change. */
export function Problem({ text }: { readonly text: string }) {
  const advice = adviceFor(text)
  return (
    <div role="alert">
      {text !== '' && (
        <p class="tools-problem">
          {text}
          {advice !== undefined && <span> {advice}</span>}
        </p>
      )}
    </div>
  )
}

/** What to know before an action, or about its outcome. */
export const Warnings = ({ of }: { readonly of: readonly string[] }) => (
  <>
    {of.map((text) => (
      <p key={text} role="alert" class="tools-warning">
        {text}
      </p>
    ))}
  </>
)

/** Advice where the server's words alone do not help. */
const advices: readonly (readonly [RegExp, string])[] = [
  [
    /descriptor could not be fetched: its address answered/,
    'Is this the address of the descriptor itself? Add-ons of this framework serve it at their base address.',
  ],
  [/may not be called/, 'The server calls only addresses that its options allow.'],
  [/descriptor could not be fetched/, 'Is the add-on running, and can this server reach it at this address?'],
  [
    /descriptor is not valid JSON/,
    'The address must return the descriptor itself, not a page about the add-on.',
  ],
  [/allowRoom is false/, 'Choose “The whole group” above.'],
  [/allowGlobal is false/, 'Choose a room above.'],
  [
    /installation failed: the add-on answered/,
    'The add-on refused it; its log says more. Does it accept installations from this server?',
  ],
  [/installation failed/, 'The add-on did not answer its callback. Is it running?'],
  [/asks for more than was approved/, 'Its descriptor has changed: read it again.'],
]

const adviceFor = (text: string): string | undefined => advices.find(([pattern]) => pattern.test(text))?.[1]
