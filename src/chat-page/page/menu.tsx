import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import './menu.css'

/** An entry of a menu. */
export interface MenuItem {
  readonly key: string
  readonly name: string
  /** The origin of the entry, unless it is the page's own. */
  readonly from?: string
  readonly picture?: string
  readonly checked?: boolean
  choose(): void
}

interface MenuProps {
  /** Label of the menu; and of its button, unless the content says more. */
  readonly label: string
  readonly named?: true
  readonly class?: string
  readonly children: ComponentChildren
  /** Loaded when the menu opens; late entries are added then. */
  items(): readonly MenuItem[] | Promise<readonly MenuItem[]>
  /** Entries that need no loading. */
  readonly first?: readonly MenuItem[]
}

/**
 * A button with a menu, in the browser's top layer, so that nothing clips it. Arrow keys, Home and End move through it,
 * Escape closes it.
 */
export function Menu({ label, named, class: name = 'button-icon', children, items, first = [] }: MenuProps) {
  const open = useSignal(false)
  const late = useSignal<readonly MenuItem[]>([])
  const button = useRef<HTMLButtonElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const all = [...first, ...late.value]

  useEffect(() => {
    const element = list.current
    if (!open.value || !element || !button.current) return
    element.showPopover()
    place(element, button.current)
    element.querySelector<HTMLElement>('[role^=menuitem]')?.focus()
    const close = (event: Event) => {
      // `toggle` has an event of its own, which the types of elements do not say.
      if ((event as ToggleEvent).newState === 'closed') open.value = false
    }
    element.addEventListener('toggle', close)
    return () => element.removeEventListener('toggle', close)
  }, [open.value])

  useEffect(() => {
    if (open.value && list.current && button.current) place(list.current, button.current)
  }, [late.value])

  async function toggle() {
    if (open.value) {
      open.value = false
      return
    }
    late.value = []
    open.value = true
    try {
      late.value = await items()
    } catch {
      // an add-on's entries are missing then; the page's own are there
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    const entries = [...(list.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])]
    const { activeElement: focused } = document
    const at = focused instanceof HTMLElement ? entries.indexOf(focused) : -1
    const next = {
      ArrowDown: (at + 1) % entries.length,
      ArrowUp: (at - 1 + entries.length) % entries.length,
      Home: 0,
      End: entries.length - 1,
    }[event.key]
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault()
      event.stopPropagation()
      open.value = false
      button.current?.focus()
    } else if (next !== undefined) {
      event.preventDefault()
      entries[next]?.focus()
    }
  }

  return (
    <>
      <button
        ref={button}
        type="button"
        class={name}
        aria-label={named ? undefined : label}
        title={named ? undefined : label}
        aria-haspopup="menu"
        aria-expanded={open.value}
        onClick={toggle}
      >
        {children}
      </button>
      {open.value && (
        <div
          ref={list}
          popover="auto"
          role="menu"
          aria-label={label}
          class="menu"
          tabIndex={-1}
          onKeyDown={onKeyDown}
        >
          {all.map(({ key, name: text, from, picture, checked, choose }) => (
            // biome-ignore lint/a11y/useAriaPropsSupportedByRole: it is set only with the role that supports it
            <button
              key={key}
              type="button"
              role={checked === undefined ? 'menuitem' : 'menuitemradio'}
              aria-checked={checked}
              class="menu-item"
              tabIndex={-1}
              onClick={() => {
                open.value = false
                button.current?.focus()
                choose()
              }}
            >
              <span class="menu-name">
                {picture && <img src={picture} alt="" width={20} height={20} />}
                {text}
              </span>
              {from !== undefined && <span class="menu-from">{from}</span>}
            </button>
          ))}
        </div>
      )}
    </>
  )
}

/** Below its button, or above if there is no space; never beyond the window. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect()
  const { width, height } = menu.getBoundingClientRect()
  const below = at.bottom + 4 + height <= innerHeight - 8
  menu.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - 4 - height)}px`
  menu.style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`
}
