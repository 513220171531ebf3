import { useSignal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'

/** A part of the page that most visitors never open: its script is loaded on demand. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  return function Later(props: Props) {
    const found = useSignal<{ readonly Part: ComponentType<Props> } | 'failed' | undefined>(undefined)
    useEffect(() => {
      load().then(
        (Part) => {
          found.value = { Part }
        },
        () => {
          found.value = 'failed'
        },
      )
    }, [])
    if (found.value === 'failed')
      return <p role="alert">This part of the page could not be loaded. Reload the page to try again.</p>
    return found.value ? <found.value.Part {...props} /> : <p role="status">Loading…</p>
  }
}
