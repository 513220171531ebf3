import {
  addressSchemas,
  type Descriptor,
  descriptor,
  moduleKinds,
  placesOf,
  webhooksOf,
} from '../api/descriptor.ts'
import { events } from '../api/events.ts'
import { isRecord } from '../common/is-record.ts'
import { hostOf, isLoopbackHost } from '../common/outbound.ts'
import type { Schema } from '../common/schema.ts'
import { problemsOf } from '../common/validate.ts'
import { messageOf } from '../errors.ts'
import { compilePattern } from '../server/addons/pattern-compiler.ts'

/** A problem of a descriptor. */
export interface Finding {
  /** Dotted path of the member; empty for the descriptor as a whole. */
  readonly field: string
  /** The problem in one line, with the allowed values. */
  readonly message: string
}

/** The result of checking a descriptor. */
export interface Checked {
  /** Problems because of which servers refuse it. */
  readonly errors: readonly Finding[]
  /** Problems with which it can be installed, but will probably not work as intended. */
  readonly warnings: readonly Finding[]
  /** Whether the checks beyond the schema were made, which need a descriptor that is valid by the schema. */
  readonly complete: boolean
}

type Capabilities = NonNullable<Descriptor['capabilities']>

const mostCharacters = 255 // of a key, as in paths with an add-on's key

/**
 * Checks a descriptor against HipChat's schema, and if it is valid, for mistakes that the schema cannot detect. `servedAt` is
 * the address from which it was fetched.
 */
export function checkDescriptor(document: unknown, servedAt?: string): Checked {
  const errors = problemsOf(descriptor, document).map(({ field, message, rule, value }) => ({
    field,
    message: rule === 'enum' || rule === 'pattern' ? `${message}; got ${shown(value)}` : message,
  }))
  if (errors.length > 0) return { errors, warnings: [], complete: false }
  const fitting = document as Descriptor // the check above is what makes this true
  const problems = [...places(fitting), ...keys(fitting), ...targets(fitting), ...patterns(fitting)]
  const addresses = checkAddresses(fitting)
  return {
    errors: [...problems, ...addresses.errors],
    warnings: [
      ...unknownMembers(descriptor, document, ''),
      ...webhooks(fitting),
      ...modules(fitting),
      ...credentials(fitting),
      ...addresses.warnings,
      ...ownAddress(fitting, servedAt),
    ],
    complete: true,
  }
}

const found = (field: string, what: string): Finding => ({ field, message: `${field} ${what}` })

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

function places(document: Descriptor): Finding[] {
  const { key, apiVersion = '1:1' } = document
  const { room, global } = placesOf(document)
  const [server] = apiVersion.split(':')
  return [
    ...(key.length > mostCharacters
      ? [found('key', `must have at most ${mostCharacters} characters, got ${key.length}`)]
      : []),
    ...(Number(server) > 1
      ? [found('apiVersion', `asks for version ${server} of the Connect API; the only version is 1`)]
      : []),
    ...(room || global
      ? []
      : [
          found(
            'capabilities.installable',
            'does not allow any installation: one of allowRoom and allowGlobal must be true',
          ),
        ]),
  ]
}

/** All modules with a key, with their paths. Clients look up a key across all kinds and take the first match. */
function keyed(document: Descriptor): { readonly field: string; readonly key: string }[] {
  const capabilities = document.capabilities ?? {}
  return [
    ...moduleKinds.flatMap((kind) =>
      (capabilities[kind] ?? []).map(({ key }, index) => ({
        field: `capabilities.${kind}.${index}.key`,
        key,
      })),
    ),
    ...webhookList(document).flatMap(({ field, webhook: { key } }) =>
      key === undefined ? [] : [{ field: `${field}.key`, key }],
    ),
  ]
}

function keys(document: Descriptor): Finding[] {
  const first = new Map<string, string>()
  return keyed(document).flatMap(({ field, key }) => {
    const other = first.get(key)
    if (other === undefined) first.set(key, field)
    return other === undefined ? [] : [found(field, `must be unique: ${other} is ${shown(key)} too`)]
  })
}

function targets(document: Descriptor): Finding[] {
  const {
    glance = [],
    webPanel = [],
    dialog = [],
    action = [],
    externalPage = [],
  } = document.capabilities ?? {}
  const views = [...webPanel, ...dialog, ...externalPage].map(({ key }) => key)
  const openedBy = {
    action: [...views, ...glance.map(({ key }) => key)],
    glance: views,
  } as const
  return (['action', 'glance'] as const).flatMap((kind) =>
    (kind === 'action' ? action : glance).flatMap(({ target }, index) => {
      if (target === undefined) return []
      const key = typeof target === 'string' ? target : target.key
      if (openedBy[kind].includes(key)) return []
      const allowed = openedBy[kind].join(', ') || 'none is declared'
      const whom = `a dialog, web panel${kind === 'action' ? ', external page or glance' : ' or external page'}`
      return [
        found(
          `capabilities.${kind}.${index}.target`,
          `must name ${whom} of this add-on (${allowed}); got ${shown(key)}`,
        ),
      ]
    }),
  )
}

const webhookList = (document: Descriptor) =>
  webhooksOf(document).map((webhook, index) => ({
    webhook,
    field: Array.isArray(document.capabilities?.webhook)
      ? `capabilities.webhook.${index}`
      : 'capabilities.webhook',
  }))

function patterns(document: Descriptor): Finding[] {
  return webhookList(document).flatMap(({ webhook: { event, pattern }, field }) => {
    if (pattern === undefined || !events[event].pattern) return []
    try {
      compilePattern(pattern)
      return []
    } catch (error) {
      return [found(`${field}.pattern`, `${messageOf(error)}; got ${shown(pattern)}`)]
    }
  })
}

function webhooks(document: Descriptor): Finding[] {
  const list = webhookList(document)
  const single = document.capabilities?.webhook !== undefined && !Array.isArray(document.capabilities.webhook)
  return [
    ...(single
      ? [found('capabilities.webhook', "is one object; HipChat's schema expects an array of objects")]
      : []),
    ...list.flatMap(({ webhook: { authentication, event, pattern }, field }) => [
      ...(authentication === undefined
        ? [
            found(
              `${field}.authentication`,
              'is missing: deliveries are not signed, and anybody can forge them; set it to jwt',
            ),
          ]
        : []),
      ...(pattern !== undefined && !events[event].pattern
        ? [
            found(
              `${field}.pattern`,
              `has no effect for ${event}: only room_message and room_notification have a text to match`,
            ),
          ]
        : []),
    ]),
  ]
}

type Conditions = NonNullable<NonNullable<Capabilities['action']>[number]['conditions']>

const namesIn = (conditions: Conditions = []): string[] =>
  conditions.flatMap((one) => ('condition' in one ? [one.condition] : namesIn(one.conditions)))

function modules({ key, capabilities = {} }: Descriptor): Finding[] {
  const { glance = [], action = [] } = capabilities
  const ofMessages = /^(?:message_|card_matches$)/
  return [
    ...(key.includes(':')
      ? [found('key', 'contains a colon, at which clients split the keys of modules')]
      : []),
    ...glance.flatMap(({ conditions, queryUrl, target }, index) => [
      ...(queryUrl === undefined && namesIn(conditions).includes('glance_matches')
        ? [
            found(
              `capabilities.glance.${index}.conditions`,
              'contain glance_matches, which never matches without a queryUrl: the glance stays hidden',
            ),
          ]
        : []),
      ...(typeof target === 'object'
        ? [
            found(
              `capabilities.glance.${index}.target`,
              'is an object, which HipChat 4.30 could not open for a glance; use the key of the module as a string',
            ),
          ]
        : []),
    ]),
    ...action.flatMap(({ conditions, location }, index) =>
      location === 'hipchat.input.action' && namesIn(conditions).some((name) => ofMessages.test(name))
        ? [
            found(
              `capabilities.action.${index}.conditions`,
              'depend on a message, but an input action has no message: it is never shown',
            ),
          ]
        : [],
    ),
  ]
}

function credentials(document: Descriptor): Finding[] {
  const { hipchatApiConsumer, installable, glance = [] } = document.capabilities ?? {}
  const told = installable?.callbackUrl ?? installable?.installedUrl
  return [
    ...(!hipchatApiConsumer && (webhooksOf(document).length > 0 || glance.length > 0)
      ? [
          found(
            'capabilities.hipchatApiConsumer',
            'is missing: the add-on gets no access token, and cannot answer through the API',
          ),
        ]
      : []),
    ...(told === undefined
      ? [
          found(
            'capabilities.installable',
            'has neither callbackUrl nor installedUrl: the add-on never learns its credentials',
          ),
        ]
      : []),
  ]
}

interface Address {
  readonly field: string
  readonly url: string
  readonly kind: 'address' | 'icon'
}

/** All addresses in a descriptor, found by its schema. */
function addressesIn(schema: Schema, value: unknown, field = ''): Address[] {
  const kind = addressSchemas.get(schema)
  if (kind) return typeof value === 'string' ? [{ field, url: value, kind }] : []
  if (schema['anyOf']) return branchesOf(schema).flatMap((branch) => addressesIn(branch, value, field))
  const inner = (name: string, of: unknown, member: unknown) =>
    addressesIn(of as Schema, member, field ? `${field}.${name}` : name) // made by `array` or `object`
  if (Array.isArray(value))
    return schema['type'] === 'array'
      ? value.flatMap((item, index) => inner(String(index), schema['items'], item))
      : []
  if (!isRecord(value)) return []
  return Object.entries(schema['properties'] ?? {}).flatMap(([name, of]) =>
    Object.hasOwn(value, name) ? inner(name, of, value[name]) : [],
  )
}

/** Addresses that only people open: a wrong one does no harm. */
const onlyForPeople = ['links.homepage', 'vendor.url']

/** Placeholders that a program fills in before it serves the descriptor; `{name}` alone is for the chat client. */
const placeholders = /\{\{.*?\}\}|\$\{.*?\}|\{%.*?%\}|<%.*?%>/g

function checkAddresses(document: Descriptor): { errors: Finding[]; warnings: Finding[] } {
  const errors: Finding[] = []
  const warnings: Finding[] = []
  const unfilled = new Map<string, string[]>()
  const plain: string[] = []
  for (const { field, url, kind } of addressesIn(descriptor, document)) {
    const [placeholder] = url.match(placeholders) ?? []
    if (placeholder !== undefined) {
      unfilled.set(placeholder, [...(unfilled.get(placeholder) ?? []), field])
      continue
    }
    const filled = url.replaceAll(/\{[^{}]*\}/g, 'x')
    const parsed = URL.canParse(filled) ? new URL(filled) : undefined
    const isPicture = kind === 'icon' && parsed?.protocol === 'data:'
    if (!isPicture && !(parsed && /^https?:\/\/[^\s/]+(?:\/\S*)?$/i.test(filled.replace(/[?#].*$/s, '')))) {
      const finding = found(field, `must be an absolute http or https address, got ${shown(url)}`)
      if (onlyForPeople.includes(field)) warnings.push(finding)
      else errors.push(finding)
    } else if (
      parsed?.protocol === 'http:' &&
      !isLoopbackHost(hostOf(parsed)) &&
      kind === 'address' &&
      !onlyForPeople.includes(field)
    )
      plain.push(field)
  }
  for (const [placeholder, [field = '', ...others]] of unfilled)
    warnings.push(
      found(
        field,
        `${others.length > 0 ? `and ${others.length} more contain` : 'contains'} ${placeholder}, which has to be filled in before a server reads it; not checked`,
      ),
    )
  const [first, ...rest] = plain
  if (first !== undefined)
    warnings.push(
      found(
        first,
        `${rest.length > 0 ? `and ${rest.length} more are` : 'is'} plain http: servers require https except on a developer's machine`,
      ),
    )
  return { errors, warnings }
}

function ownAddress({ links }: Descriptor, servedAt: string | undefined): Finding[] {
  if (servedAt === undefined || !URL.canParse(links.self)) return []
  if (new URL(links.self).href === new URL(servedAt).href) return []
  return [found('links.self', `should be the address it was fetched from, ${servedAt}; got ${links.self}`)]
}

/** Common mistakes, and what their authors meant. */
const meant: Readonly<Record<string, string>> = { 'capabilities.installable.allowGroup': 'allowGlobal' }

/** Unknown members, which the schema allows. HipChat's own validator warned about these too. */
function unknownMembers(schema: Schema, value: unknown, path: string): Finding[] {
  if (Array.isArray(value)) {
    const list = branchesOf(schema).find((one) => one['type'] === 'array')
    const items = list?.['items'] as Schema | undefined // made by `array`
    return items ? value.flatMap((one, index) => unknownMembers(items, one, `${path}.${index}`)) : []
  }
  if (typeof value !== 'object' || value === null) return []
  // Objects with several forms, such as conditions, are closed: the schema itself refuses unknown members.
  const [form, ...others] = branchesOf(schema).filter((one) => one['properties'] !== undefined)
  if (!form || others.length > 0) return []
  const properties = form['properties'] as Readonly<Record<string, Schema>> // made by `object`
  return Object.entries(value).flatMap(([name, member]) => {
    const field = path ? `${path}.${name}` : name
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (known) return unknownMembers(known, member, field)
    const hint = meant[field]
    return [
      found(field, hint ? `does not exist; use ${hint}` : "is not in HipChat's schema, and nothing reads it"),
    ]
  })
}

const branchesOf = (schema: Schema): readonly Schema[] =>
  (schema['anyOf'] as readonly Schema[] | undefined) ?? [schema] // made by `union`
