import { readFileSync } from 'node:fs'
import { createAddon } from 'hipchat-addon'
import { testAddon } from 'hipchat-addon/testing'
import { expect, it, onTestFinished } from 'vitest'
import {
  deliveryBody,
  type EventName,
  eventMessage,
  eventNames,
  eventRoom,
  events,
  oauthClient,
  person,
  sender,
  uploadedFile,
} from '../../src/api/events.ts'
import type { Schema } from '../../src/common/schema.ts'
import { validate } from '../../src/common/validate.ts'
import { codeIn, readPage, rows, section } from './markdown.ts'
import { describe as inWords } from './schema-words.ts'

/**
 * The reference of events is written from their table, and from deliveries in `src/testing/fixtures/webhooks`:
 * `npx vitest run test/structure/events-reference.test.ts --update` writes it again.
 */
it('docs/reference/events.md says what the table of events says', async () => {
  const page = [introduction(), ...eventNames.map(eventSection), ...parts()].join('\n')
  await expect(page).toMatchFileSnapshot('../../docs/reference/events.md')
})

it.each(eventNames)('the delivery that the reference shows of %s is one', (name) => {
  expect(validate(deliveryBody(name), fixture(name)).ok).toBe(true)
})

it('a handler gets the context that the reference lists, and no more', async () => {
  const seen: string[] = []
  const group = await testAddon((options) => {
    const addon = createAddon({
      key: 'com.example.looks',
      name: 'Looks',
      description: 'Looks at its context',
      ...options,
      scopes: ['send_notification'],
    })
    addon.command('/look', (context) => void seen.push(...Object.keys(context)))
    return addon
  })
  onTestFinished(() => group.close())
  await group.room.say('/look')
  const listed = rows(section(readPage('docs/reference/events.md'), 'Context of a handler'))
  expect(listed.map(([name = '']) => codeIn(name)[0]).toSorted()).toEqual(seen.toSorted())
})

/** Deliveries that stand for all of their event. */
const shown: Partial<Record<EventName, string>> = {
  room_message: 'room_message.public-room',
  room_topic_change: 'room_topic_change.user',
}

const fixture = (name: EventName): unknown =>
  JSON.parse(
    readFileSync(
      new URL(`../../src/testing/fixtures/webhooks/${shown[name] ?? `${name}.full`}.json`, import.meta.url),
      'utf8',
    ),
  )

const introduction = (): string => `# Events

The events in a room, the contents of their deliveries, and what your handler gets.
[Write handlers](../how-to/handlers.md) shows how to react to them, [the path of a request](../explanation/request-path.md)
lists the steps of a delivery.

Deliveries varied by year, by edition of HipChat, and by the author of test data. Only members that a handler cannot do
without are required; all others may be missing, and unlisted members may be present. The compatible server sends
everything that applies, except \`message_links\`.

This page is generated from the table of events in \`src/api/events.ts\`.

| event | happens when | pattern | \`item\` has |
| --- | --- | --- | --- |
${eventNames.map((name) => `| [\`${name}\`](#${name}) | ${events[name].summary} | ${events[name].pattern ? 'yes' : ''} | ${membersOf(events[name].item).map(code).join(', ')} |`).join('\n')}

A pattern selects the messages that it matches: \`addon.webhook(event, { pattern }, handler)\`. With other events it is
refused.

## Delivery

${tableOf(deliveryBody('room_enter'), { item: 'the contents of the event, see below' })}

## Context of a handler

| member | description |
| --- | --- |
| \`event\` | The name of the event. |
| \`item\` | The delivery's \`item\`, as it was received. |
| \`room\` | The room of the event: \`id\`, \`name\`, \`privacy\`, \`is_archived\`, and the [calls](api.md) about it with \`id_or_name\` filled in. |
| \`sender\` | The person or integration that caused the event, from \`item.sender\` or \`item.message.from\`, always as \`id\`, \`name\`, \`mention_name\`. \`undefined\` if the delivery does not contain it. |
| \`message\` | \`item.message\`; \`undefined\` for events without one. |
| \`match\` | The match of the pattern, as \`RegExp.exec\` returns it; \`undefined\` without a pattern. |
| \`deliveryId\` | The id of the delivery, the same in every attempt; unique within the installation. |
| \`attempt\` | 1, or more if a process ended while it handled this delivery. |
| \`step\` | \`step(name, work)\` does a part of the work once, even if the handler [runs again](../how-to/handlers.md#survive-a-restart). |
| \`args\` | The arguments of a command, by name. Handlers of commands only. |
| \`reply\` | Posts an answer into the room at once. Needs the scope \`send_notification\`. |
| \`installation\` | The installation that got the delivery. |
| \`client\` | The [API](api.md) as this installation. |
| \`glance\` | Pushes the content of [glances](modules.md#glance). |
| \`store\` | The installation's [values](../how-to/values.md). |
| \`log\` | A pino logger that names installation and webhook. |
| \`signal\` | Aborted when the add-on closes, or the handler takes too long. |
`

function eventSection(name: EventName): string {
  const { item, summary, pattern } = events[name]
  return `## ${name}

Happens when ${summary}.${pattern ? ' A pattern may select the messages.' : ''}

${tableOf(item)}

\`\`\`json
${JSON.stringify(fixture(name), undefined, 2)}
\`\`\`
`
}

/** Parts of deliveries that have their own sections. */
const sections = new Map<unknown, string>([
  [eventRoom, 'A room'],
  [eventMessage, 'A message'],
  [sender, 'A sender'],
  [uploadedFile, 'A file'],
])

const parts = (): string[] => [
  `## A room\n\n${tableOf(eventRoom)}\n`,
  `## A message\n\n${tableOf(eventMessage)}\n`,
  `## A sender

A person:

${tableOf(person)}

An add-on, which has \`allowed_scopes\`:

${tableOf(oauthClient)}

Or a string, the name of an integration; or \`null\`. The context's \`sender\` is made from any of these.
`,
  `## A file\n\n${tableOf(uploadedFile)}\n`,
]

function membersOf({ properties }: Schema): string[] {
  return Object.keys(properties as Record<string, Schema>) // made by `object`
}

function tableOf(schema: Schema, words: Readonly<Record<string, string>> = {}): string {
  const properties = schema['properties'] as Record<string, Schema> // made by `object`
  const required = schema['required'] as string[] // made by `object`
  const lines = Object.entries(properties).map(([name, member]) => {
    const heading = sections.get(member)
    const link = heading && `[${heading.toLowerCase()}](#${heading.toLowerCase().replaceAll(' ', '-')})`
    return `| ${code(name)} | ${required.includes(name) ? 'required' : ''} | ${words[name] ?? link ?? inWords(member)} |`
  })
  return ['| member | | description |', '| --- | --- | --- |', ...lines].join('\n')
}

function code(text: string): string {
  return `\`${text}\``
}
