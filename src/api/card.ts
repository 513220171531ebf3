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

const nonEmpty = string({ minLength: 1 })

const icon = union(string(), object({ url: nonEmpty, 'url@2x': optional(nonEmpty) }))

/**
 * A card, HipChat's rich message: the part of a notification that is drawn instead of its text where the client can.
 *
 * The limits are those of the service's own schema as it stood in an error answer (jenkinsci/hipchat-plugin,
 * issue 106). There, one wrong member refused the whole notification.
 */
export const card = object({
  style: oneOf(['file', 'image', 'application', 'link', 'media']),
  id: string({ minLength: 1, description: 'the same id marks the same card when it is sent again' }),
  title: string({ minLength: 1, maxLength: 500 }),
  url: optional(string({ minLength: 1, description: 'opened on click' })),
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
  activity: optional(closedObject({ html: nonEmpty, icon: optional(icon) })),
  attributes: optional(
    array(
      closedObject({
        label: optional(string({ minLength: 1, maxLength: 50 })),
        value: closedObject({
          label: nonEmpty,
          url: optional(nonEmpty),
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
  // Not in that schema; HipChat's client looked at it for `card_matches`, and handed it to actions.
  metadata: optional(record({ description: 'free; not shown' })),
})

export type Card = Infer<typeof card>
