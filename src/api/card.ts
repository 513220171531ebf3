import {
  array,
  closedObject,
  type Infer,
  number,
  object,
  oneOf,
  optional,
  record,
  string,
  union,
} from '../common/schema.ts'
import { largest, longest } from './bounds.ts'

const iconAddress = string({ minLength: 1, maxLength: longest.icon })

const icon = union(
  string({ maxLength: longest.icon }),
  object({ url: iconAddress, 'url@2x': optional(iconAddress) }),
)

/**
 * A card is HipChat's rich message: the part of a notification that clients show instead of its text, if they can.
 *
 * The limits come from the service's own schema, which was quoted in an error answer (jenkinsci/hipchat-plugin,
 * issue 106). There, one wrong member refused the whole notification.
 */
export const card = object(
  {
    style: oneOf(['file', 'image', 'application', 'link', 'media']),
    id: string({
      minLength: 1,
      maxLength: longest.name,
      description: 'identifies the card when it is sent again',
    }),
    title: string({ minLength: 1, maxLength: 500 }),
    url: optional(string({ minLength: 1, maxLength: longest.address, description: 'opened on click' })),
    description: optional(
      union(
        string({ maxLength: 500 }),
        closedObject({ value: string({ minLength: 1, maxLength: 1000 }), format: oneOf(['html', 'text']) }),
      ),
    ),
    format: optional(
      oneOf(['compact', 'medium'], { description: 'application cards: 1 to 2, or 1 to 5 lines' }),
    ),
    thumbnail: optional(
      object({
        url: string({ minLength: 1, maxLength: 250 }),
        'url@2x': optional(string({ minLength: 1, maxLength: 250 })),
        width: optional(number()),
        height: optional(number()),
      }),
    ),
    icon: optional(icon),
    activity: optional(
      closedObject({ html: string({ minLength: 1, maxLength: longest.markup }), icon: optional(icon) }),
    ),
    attributes: optional(
      array(
        closedObject({
          label: optional(string({ minLength: 1, maxLength: 50 })),
          value: closedObject({
            label: string({ minLength: 1, maxLength: longest.line }),
            url: optional(string({ minLength: 1, maxLength: longest.address })),
            style: optional(
              oneOf([
                'lozenge-success',
                'lozenge-error',
                'lozenge-current',
                'lozenge-complete',
                'lozenge-moved',
                'lozenge',
              ]),
            ),
            icon: optional(icon),
          }),
        }),
        { minItems: 1, maxItems: 10 },
      ),
    ),
    // Not in that schema; HipChat's client used it for `card_matches` and passed it to actions.
    metadata: optional(record({ maxJsonLength: largest.metadata, description: 'any members; not shown' })),
  },
  { maxJsonLength: largest.card },
)

/** A card in HipChat's own form, for the `card` of a notification. `card()` creates one. */
export type Card = Infer<typeof card>
