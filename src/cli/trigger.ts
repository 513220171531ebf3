import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { type EventName, eventNames, isEventName } from '../api/events.ts'
import { parseJson } from '../common/http.ts'
import { administer, type Connection, onServer } from './connection.ts'
import { oneLine } from './table.ts'
import { UsageError } from './usage.ts'

interface Given extends Connection {
  readonly room?: string
  readonly set: Values
}

type Values = Record<string, unknown>

type Delivery = Awaited<ReturnType<typeof administer<'trigger'>>>['deliveries'][number]

const examples = `
Examples:
  hipchat-addon trigger message --room Lobby --token secret --set message="/roll 2d6"
  hipchat-addon trigger room_enter --room Lobby --token secret --set user=carol
  hipchat-addon trigger notification --room Lobby --token secret --set color=red --set notify=true
  hipchat-addon trigger topic --room Lobby --token secret --json

Events:
  ${eventNames.join('\n  ')}
  also without room_, or only the first word if it is unique: message, topic, file

Exit codes:
  0  it happened, and every delivery was answered with 2xx
  1  the server refused, or a delivery failed
  2  wrong arguments`

/** `hipchat-addon trigger`: causes an event, and prints its deliveries. */
export function triggerCommand(): Command {
  return onServer(
    new Command('trigger')
      .description('Causes an event on a compatible server, and waits for its deliveries.')
      .addArgument(new Argument('<event>', 'name of the event').argParser(eventOf)),
    'an administrator of the group',
  )
    .addOption(new Option('--room <id-or-name>', 'room where it happens; not needed for room_created'))
    .addOption(
      new Option('--set <path=value>', 'a value of the event; may be given several times')
        .argParser(withValue)
        .default({}, 'values of the server'),
    )
    .addHelpText('after', examples)
    .action(async (event: EventName, given: Given) => {
      if (given.room === undefined && event !== 'room_created')
        throw new UsageError(`--room: expected the id or name of the room for ${event}`)
      const { deliveries, waiting } = await administer(given, 'trigger', {
        event,
        ...(given.room === undefined ? {} : { room_id: given.room }),
        values: given.set,
      })
      if (given.json) console.log(JSON.stringify({ event, deliveries, waiting }))
      else for (const line of linesOf(event, deliveries, waiting)) console.log(line)
      process.exitCode = waiting > 0 || deliveries.some(({ error }) => error !== null) ? 1 : 0
    })
}

/** Parses the name of an event; also `message` for `room_message`, and `topic` for `room_topic_change`. */
function eventOf(text: string): EventName {
  if (isEventName(text)) return text
  const [found, ...others] = eventNames.filter((name) => `${name}_`.startsWith(`room_${text}_`))
  if (text && found && others.length === 0) return found
  throw new InvalidArgumentError(`expected one of ${eventNames.join(', ')}`)
}

/** Parses `card.title=Hello` as `{ card: { title: 'Hello' } }`. A value that is JSON is parsed. */
function withValue(text: string, before: Values): Values {
  const [, path, value = ''] = /^([^=]+)=([\s\S]*)$/.exec(text) ?? []
  const names = path?.split('.') ?? []
  if (names.length === 0 || names.includes('') || names.includes('__proto__'))
    throw new InvalidArgumentError('expected path=value, such as message=Hello or card.title=Hello')
  return set(before, names, parseJson(value) ?? value)
}

function set(object: Values, [name = '', ...rest]: readonly string[], value: unknown): Values {
  const member = Object.hasOwn(object, name) ? object[name] : undefined
  const inside = typeof member === 'object' && member !== null ? { ...member } : {}
  return { ...object, [name]: rest.length > 0 ? set(inside, rest, value) : value }
}

function* linesOf(event: EventName, deliveries: readonly Delivery[], waiting: number): Generator<string> {
  if (deliveries.length === 0 && waiting === 0) yield `${event} happened; no webhook is registered for it`
  for (const { status, duration, event: told, url, error, replied, notPosted } of deliveries)
    yield oneLine(
      [
        String(status ?? '---').padEnd(3),
        `${Math.round(duration)} ms`.padStart(8),
        told,
        url,
        ...(error === null ? [] : [error]),
        ...(replied ? ['(the answer was posted)'] : []),
        ...(notPosted === undefined ? [] : [`(the answer was not posted: ${notPosted})`]),
      ].join('  '),
    )
  if (waiting > 0) yield `${waiting} more did not end within half a minute`
}
