import { array, type Infer, object, oneOf, optional, record, string, union } from '../common/schema.ts'
import { largest, longest, most } from './bounds.ts'

const iconAddress = string({ maxLength: longest.icon })

/**
 * The content of a glance: the answer of its `queryUrl`, and the `content` of an update.
 *
 * It follows the schema that HipChat's web client 4.30 applied (`ui-modules.md` 1.2). That client showed the glance in
 * its error state when the content broke these rules.
 */
export const glanceContent = object(
  {
    label: object({ type: oneOf(['html']), value: string({ minLength: 1, maxLength: 1000 }) }),
    status: optional(
      union(
        object({
          type: oneOf(['lozenge']),
          value: object({
            type: oneOf(['default', 'success', 'error', 'current', 'new', 'moved']),
            label: string({ minLength: 1, maxLength: 20 }),
          }),
        }),
        object({ type: oneOf(['icon']), value: object({ url: iconAddress, 'url@2x': iconAddress }) }),
      ),
    ),
    metadata: optional(
      record({
        maxJsonLength: largest.metadata,
        description: 'any members; `glance_matches` conditions check them',
      }),
    ),
  },
  { maxJsonLength: largest.glance },
)

/** The content of a glance in HipChat's own form. */
export type GlanceContent = Infer<typeof glanceContent>

/** The body of the calls that push new content to open clients. It replaces label, status and metadata as a whole. */
export const glanceUpdate = object({
  glance: array(object({ key: string({ minLength: 1, maxLength: 40 }), content: glanceContent }), {
    maxItems: most.glances,
  }),
})

/** New contents of glances, by the keys of the glances. */
export type GlanceUpdate = Infer<typeof glanceUpdate>
