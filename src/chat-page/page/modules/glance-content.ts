import type { GlanceContent } from '../../../api/glance.ts'
import { isRecord } from '../../../common/is-record.ts'

const lozenges = ['default', 'success', 'error', 'current', 'new', 'moved', 'complete'] as const

/** The colour of the label in a glance. */
export type Lozenge = (typeof lozenges)[number]

/** The answer of an add-on, checked as HipChat's client did (`ui-modules.md` 1.2); a string says what is wrong with it. */
export function readGlance(given: unknown): ReadGlance | string {
  if (!isRecord(given)) return 'it is not an object'
  const { label, status, metadata } = given
  if (!isRecord(label)) return 'label is not an object'
  if (label['type'] !== 'html') return 'label.type is not html'
  const value = textOf(label['value'], 1000)
  if (value === undefined) return 'label.value is not a string of 1 to 1000 characters'
  if (metadata !== undefined && !isRecord(metadata)) return 'metadata is not an object'
  const shown = status === undefined ? undefined : readStatus(status)
  if (typeof shown === 'string') return shown
  return {
    label: { type: 'html', value },
    ...(shown ? { status: shown } : {}),
    ...(metadata ? { metadata } : {}),
  }
}

/** One lozenge more than an update may contain: libraries had `complete`. */
export type ReadGlance = Omit<GlanceContent, 'status'> & { readonly status?: ReadStatus }

type ReadStatus =
  | { readonly type: 'lozenge'; readonly value: { readonly type: Lozenge; readonly label: string } }
  | { readonly type: 'icon'; readonly value: { readonly url: string; readonly 'url@2x': string } }

function readStatus(status: unknown): ReadStatus | string {
  if (!isRecord(status) || !isRecord(status['value'])) return 'status has no value'
  const { type, value } = status
  if (type === 'lozenge') {
    const kind = lozenges.find((one) => one === value['type'])
    const label = textOf(value['label'], 20)
    if (kind === undefined) return `status.value.type is not one of ${lozenges.join(', ')}`
    if (label === undefined) return 'status.value.label is not a string of 1 to 20 characters'
    return { type, value: { type: kind, label } }
  }
  if (type !== 'icon') return 'status.type is neither lozenge nor icon'
  const { url, 'url@2x': large } = value
  if (typeof url !== 'string' || typeof large !== 'string') return 'status.value has no url and url@2x'
  return { type, value: { url, 'url@2x': large } }
}

function textOf(value: unknown, longest: number): string | undefined {
  const length = typeof value === 'string' ? [...value].length : 0 // characters, as the server counts them
  return typeof value === 'string' && length > 0 && length <= longest ? value : undefined
}
