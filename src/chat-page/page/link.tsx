import type { ComponentChildren } from 'preact'
import { addressOf, goTo, type Place, place } from './place.ts'

interface LinkProps {
  readonly to: Place
  readonly class?: string
  readonly label?: string
  readonly children: ComponentChildren
}

/** A link to another place of the page: goes there without reloading, unless it opens in another tab. */
export function Link({ to, label, children, ...rest }: LinkProps) {
  const address = addressOf(to)
  return (
    <a
      {...rest}
      href={address}
      aria-label={label}
      aria-current={addressOf(place.value) === address ? 'page' : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
        event.preventDefault()
        goTo(to)
      }}
    >
      {children}
    </a>
  )
}
