import {
  anything,
  array,
  boolean,
  closedObject,
  type Infer,
  integer,
  object,
  oneOf,
  optional,
  record,
  type Schema,
  string,
  union,
} from '../common/schema.ts'
import { largest, longest, most } from './bounds.ts'
import { eventNames } from './events.ts'
import { authentication } from './objects.ts'
import { scopeNames } from './scopes.ts'

/**
 * The add-on descriptor, after the JSON Schema that HipChat itself served in 2017 (`descriptor.md`). Extra members are
 * allowed where that schema allowed them; empty lists are valid; URLs are plain strings, since some contain `{variables}`.
 */

/** Key of a module. Unique within the add-on, across all kinds of modules. */
const moduleKey = string({ minLength: 1, maxLength: 40, pattern: '^[a-zA-Z0-9_\\-\\.]+$' })

/** Translatable text; HipChat only ever used `value`. */
const localizable = closedObject({
  value: string({ minLength: 1, maxLength: 100 }),
  i18n: optional(string({ minLength: 1, maxLength: 40 })),
})

const name = string({ maxLength: longest.name })
const address = string({ maxLength: longest.address })
const iconAddress = string({ maxLength: longest.icon })
const listOf = <T>(module: Schema<T>) => array(module, { maxItems: most.modules })

const moduleIcon = object({ url: iconAddress, 'url@2x': iconAddress })

const avatarAddress = string({ minLength: 1, maxLength: longest.icon })
const webhookAddress = string({ minLength: 1, maxLength: longest.address })

/**
 * The schemas of those strings of a descriptor that are addresses. They have no `format`, since an address may contain
 * `{variables}`.
 */
export const addressSchemas: ReadonlyMap<Schema, 'address' | 'icon'> = new Map<Schema, 'address' | 'icon'>([
  [address, 'address'],
  [webhookAddress, 'address'],
  [iconAddress, 'icon'],
  [avatarAddress, 'icon'],
])

const avatar = union(iconAddress, object({ url: avatarAddress, 'url@2x': optional(avatarAddress) }))

const target = union(
  name,
  object({ key: moduleKey, options: optional(record({ maxJsonLength: largest.metadata })) }),
)

/** The conditions that a module may have. */
export const conditionNames = [
  'room_is_public',
  'user_is_admin',
  'user_is_guest',
  'user_is_room_owner',
  'message_matches',
  'message_contains_link',
  'message_sent_by_current_user',
  'card_matches',
  'glance_matches',
] as const

const leafCondition = closedObject({
  condition: oneOf(conditionNames),
  params: optional(record({ maxJsonLength: largest.metadata })),
  invert: optional(boolean()),
})

const composite = <T>(inner: Schema<T>) =>
  closedObject({
    type: oneOf(['and', 'or', 'AND', 'OR']),
    conditions: array(inner, { maxItems: most.conditions }),
  })

// Two levels of composites and not more, as in HipChat's schema.
const condition = union(leafCondition, composite(union(leafCondition, composite(leafCondition))))

const conditions = optional(array(condition, { maxItems: most.conditions }))

const button = object({
  name: localizable,
  key: optional(name),
  enabled: optional(boolean()),
})

/** A webhook in a descriptor. */
const descriptorWebhook = object({
  url: webhookAddress,
  event: oneOf(eventNames),
  pattern: optional(string({ maxLength: longest.line })),
  name: optional(name),
  key: optional(moduleKey),
  authentication: optional(oneOf(authentication)),
})

/** A webhook in a descriptor. */
export type DescriptorWebhook = Infer<typeof descriptorWebhook>

const glance = object({
  key: moduleKey,
  name: localizable,
  icon: moduleIcon,
  queryUrl: optional(address),
  target: optional(target),
  weight: optional(integer()),
  conditions,
})

const webPanel = object({
  key: moduleKey,
  name: localizable,
  location: oneOf(['hipchat.sidebar.right']),
  url: address,
  icon: optional(moduleIcon),
  weight: optional(integer()),
  authentication: optional(oneOf(authentication)),
  conditions,
})

const dialogLength = string({ pattern: '^\\d+(px|%)$', maxLength: longest.word })

const dialog = object({
  key: moduleKey,
  title: localizable,
  url: address,
  authentication: optional(oneOf(authentication)),
  options: optional(
    closedObject({
      style: optional(oneOf(['normal', 'warning'])),
      size: optional(
        union(
          oneOf(['small', 'medium', 'large', 'xlarge']),
          object({ width: dialogLength, height: dialogLength }),
        ),
      ),
      primaryAction: optional(button),
      secondaryActions: optional(array(button, { maxItems: most.buttons })),
      hint: optional(localizable),
      filter: optional(object({ placeholder: optional(localizable) })),
    }),
  ),
})

const action = object({
  key: moduleKey,
  name: localizable,
  location: oneOf(['hipchat.message.action', 'hipchat.input.action']),
  target,
  weight: optional(integer()),
  conditions,
})

const externalPage = closedObject({ key: moduleKey, url: address, name: optional(localizable) })

/** Where an add-on may be installed, and the addresses that a server calls for it. */
const installableCapability = object({
  allowRoom: optional(boolean()),
  allowGlobal: optional(boolean()),
  callbackUrl: optional(address),
  updateCallbackUrl: optional(address),
  installedUrl: optional(address),
  updatedUrl: optional(address),
  uninstalledUrl: optional(address),
})

/** An add-on's descriptor. */
export const descriptor = object(
  {
    key: string({ minLength: 1, maxLength: longest.line }),
    name: string({ minLength: 1, maxLength: longest.name }),
    description: string({ maxLength: longest.description }),
    links: object({ self: address, homepage: optional(address) }),
    vendor: optional(closedObject({ name, url: address })),
    apiVersion: optional(string({ pattern: '^\\d+:\\d+$', maxLength: longest.word })),
    // Never documented; descriptors that have it mean a picture.
    icon: optional(
      union(iconAddress, object({ url: optional(iconAddress), 'url@2x': optional(iconAddress) }), anything()),
    ),
    capabilities: optional(
      object({
        installable: optional(installableCapability),
        hipchatApiConsumer: optional(
          object({
            scopes: array(oneOf(scopeNames), { maxItems: most.scopes }),
            fromName: optional(name),
            avatar: optional(avatar),
          }),
        ),
        // Four of thirty real add-ons, and HipChat's starter template, have one object instead of a list.
        webhook: optional(union(listOf(descriptorWebhook), descriptorWebhook)),
        glance: optional(listOf(glance)),
        webPanel: optional(listOf(webPanel)),
        dialog: optional(listOf(dialog)),
        action: optional(listOf(action)),
        externalPage: optional(listOf(externalPage)),
        configurable: optional(
          object({
            url: address,
            authentication: optional(oneOf(authentication)),
            allowAccessToRoomAdmins: optional(boolean()),
          }),
        ),
        adminPage: optional(object({ url: address })),
        oauth2Provider: optional(
          object({ authorizationUrl: optional(address), tokenUrl: optional(address) }),
        ),
        oauth2Consumer: optional(object({ redirectionUrls: array(address, { maxItems: most.addresses }) })),
      }),
    ),
  },
  { maxJsonLength: largest.descriptor },
)

/** An add-on's descriptor: the document from which a server installs the add-on. */
export type Descriptor = Infer<typeof descriptor>

/** The kinds of modules whose entries all have a key. Webhooks may have keys too, see {@link webhooksOf}. */
export const moduleKinds = ['glance', 'webPanel', 'dialog', 'action', 'externalPage'] as const

/** A descriptor's webhooks as a list, even if the descriptor has a single object. */
export function webhooksOf(document: Descriptor): DescriptorWebhook[] {
  const webhook = document.capabilities?.webhook
  if (webhook === undefined) return []
  return Array.isArray(webhook) ? webhook : [webhook]
}

/** Where the add-on may be installed. Both default to true, as in HipChat's schema. */
export function placesOf(document: Descriptor): { room: boolean; global: boolean } {
  const installable = document.capabilities?.installable
  return { room: installable?.allowRoom ?? true, global: installable?.allowGlobal ?? true }
}
