import { isRecord } from '../../../common/is-record.ts'
/** A button of a dialog. */
export interface DialogButton {
  readonly name: string
  readonly key: string | undefined
  readonly enabled: boolean
}

/** The options of a dialog that has been checked: what the descriptor and its page leave out has its default. */
export interface DialogOptions {
  readonly warning: boolean
  /** CSS lengths: parts that do not fit into the window are ignored. */
  readonly width: string
  readonly height: string
  readonly primaryAction: DialogButton | undefined
  readonly secondaryActions: readonly DialogButton[]
  readonly hint: string | undefined
  /** The placeholder of the filter box; without one there is no box. */
  readonly filter: { readonly placeholder: string } | undefined
}

type Raw = Readonly<Record<string, unknown>>

const sizes: Readonly<Record<string, { readonly width: number; readonly height: number }>> = {
  small: { width: 400, height: 240 },
  medium: { width: 600, height: 400 },
  large: { width: 800, height: 560 },
  xlarge: { width: 968, height: 680 },
}

const margin = 32 // pixels that stay free next to a dialog
const bars = 160 // above and below, with the dialog's own bars

/** Reads the options of a dialog, from a descriptor or from its page; invalid ones count as missing. */
export function readOptions(raw: Raw): DialogOptions {
  const { style, size, primaryAction, secondaryActions, hint, filter } = raw
  const lengths = sizeOf(size)
  return {
    warning: style === 'warning',
    width: lengths.width,
    height: lengths.height,
    primaryAction: buttonOf(primaryAction, 'primary-action-selected'),
    secondaryActions: Array.isArray(secondaryActions)
      ? secondaryActions.flatMap((one) => buttonOf(one, undefined) ?? [])
      : [{ name: 'Close', key: undefined, enabled: true }],
    hint: textOf(hint),
    filter: isRecord(filter) ? { placeholder: textOf(filter['placeholder']) ?? 'Filter' } : undefined,
  }
}

/** A string of a descriptor, or of a page at run time: `{value}` or plain. */
export function textOf(value: unknown): string | undefined {
  const text = isRecord(value) ? value['value'] : value
  return typeof text === 'string' ? text : undefined
}

function buttonOf(value: unknown, usualKey: string | undefined): DialogButton | undefined {
  if (!isRecord(value)) return undefined
  const { name, key, enabled } = value
  const text = textOf(name)
  if (text === undefined) return undefined
  return { name: text, key: typeof key === 'string' ? key : usualKey, enabled: enabled !== false }
}

function sizeOf(size: unknown): { width: string; height: string } {
  const usual = sizes['medium'] ?? { width: 600, height: 400 }
  const named = typeof size === 'string' && Object.hasOwn(sizes, size) ? sizes[size] : undefined
  const { width, height } = named ?? usual
  const given = isRecord(size) ? size : {}
  return {
    width: lengthOf(given['width'], width, '100vw', margin),
    height: lengthOf(given['height'], height, '100vh', bars),
  }
}

/** Accepts pixels and percentages of the window, up to its size; other lengths are ignored. */
function lengthOf(value: unknown, usual: number, window: '100vw' | '100vh', taken: number): string {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(px|%)$/.exec(String(value)) ?? []
  const most = `(${window} - ${taken}px)`
  if (unit === '%') return `calc(${Math.min(100, Number(number)) / 100} * ${most})`
  return `min(${number ?? usual}px, calc${most})`
}
