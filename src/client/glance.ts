import { type GlanceContent, glanceContent } from '../api/glance.ts'
import { unknownName } from '../common/checks.ts'
import { escapeHtml, Html } from '../common/html.ts'
import { isRecord } from '../common/is-record.ts'
import { typeName, validate } from '../common/validate.ts'
import { ConfigurationError } from '../errors.ts'
import { refuse } from '../option-checks.ts'

type Status = NonNullable<GlanceContent['status']>
type Lozenge = Extract<Status, { type: 'lozenge' }>['value']['type']

/**
 * What a glance shows: a label, or a label with more. A text is shown as it is; of {@link Html} clients keep `b`, `i`,
 * `strong` and `em`. `metadata` is what `glance_matches` conditions look at.
 */
export type GlanceShown =
  | string
  | Html
  | {
      readonly label: string | Html | GlanceContent['label']
      /** A coloured word of up to 20 characters, or HipChat's own form, which knows an icon as well. */
      readonly status?: { readonly lozenge: Lozenge; readonly label: string } | Status | undefined
      readonly metadata?: Readonly<Record<string, unknown>> | undefined
    }

const members = ['label', 'status', 'metadata']

/**
 * Makes a glance's content of what an author gave for it. Throws a {@link ConfigurationError} for what clients refuse:
 * they would show the glance in its error state, with no word of why.
 */
export function toGlanceContent(what: string, shown: unknown): GlanceContent {
  if (typeof shown === 'string' || shown instanceof Html) return checked(what, { label: toLabel(shown) })
  if (!isRecord(shown))
    throw new ConfigurationError(
      `${what}: expected a text, html\`…\` or an object with a label, got ${typeName(shown)}`,
    )
  refuse(what, unknownName('member', Object.keys(shown), members))
  const { label, status, metadata } = shown
  return checked(what, {
    label: toLabel(label),
    ...(status === undefined ? {} : { status: toStatus(status) }),
    ...(metadata === undefined ? {} : { metadata }),
  })
}

function toLabel(label: unknown): unknown {
  if (typeof label === 'string') return { type: 'html', value: escapeHtml(label) }
  return label instanceof Html ? { type: 'html', value: label.toString() } : label
}

function toStatus(status: unknown): unknown {
  if (!isRecord(status) || !('lozenge' in status)) return status
  return { type: 'lozenge', value: { type: status['lozenge'], label: status['label'] } }
}

function checked(what: string, content: unknown): GlanceContent {
  const result = validate(glanceContent, content)
  if (result.ok) return result.value
  throw new ConfigurationError(`${what}: ${result.problem.message}; nothing was sent`)
}
