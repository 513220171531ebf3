import { type Signal, useSignal } from '@preact/signals'

export interface Work {
  readonly busy: Signal<boolean>
  /** Why the last one failed, in the server's words; empty when it did not. */
  readonly problem: Signal<string>
  /** Does one thing at a time; what it throws is the problem. */
  run(work: () => Promise<unknown>): void
}

/** What a press of a button starts, and what became of it. */
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

/** Where something failed: why, and what to do about it. There from the beginning, so that it is read out when it comes. */
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

/** What to know before it is done, or of what was done. */
export const Warnings = ({ of }: { readonly of: readonly string[] }) => (
  <>
    {of.map((text) => (
      <p key={text} role="alert" class="tools-warning">
        {text}
      </p>
    ))}
  </>
)

/** What helps where the server's words alone do not. */
const advices: readonly (readonly [RegExp, string])[] = [
  [
    /descriptor could not be fetched: its address answered/,
    'Is this the address of the descriptor itself? Add-ons of this framework serve it at their base address.',
  ],
  [/may not be called/, 'The server calls addresses only that its options allow.'],
  [
    /descriptor could not be fetched/,
    'Is the add-on running, and is this the address at which this server reaches it?',
  ],
  [
    /descriptor is not valid JSON/,
    'The address has to give the descriptor itself, not a page about the add-on.',
  ],
  [/allowRoom is false/, 'Choose “The whole group” above.'],
  [/allowGlobal is false/, 'Choose a room above.'],
  [
    /installation failed: the add-on answered/,
    'The add-on refused it; what it logged says more. Does it accept installations from this server?',
  ],
  [/installation failed/, 'The add-on did not answer its callback. Is it running?'],
  [/asks for more than was approved/, 'Its descriptor has changed: have it read again.'],
]

export const adviceFor = (text: string): string | undefined =>
  advices.find(([pattern]) => pattern.test(text))?.[1]
