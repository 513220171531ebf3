import { type AddonOptions, type Card, card, createAddon, type Room } from 'hipchat-addon'

interface Person {
  readonly id: number
  readonly name: string
  readonly mention?: string
}

/** A stand-up, from its question to its summary. */
interface Standup {
  /** Who is asked. */
  readonly people: readonly Person[]
  /** What people answered, by their ids. */
  readonly answers: Readonly<Record<string, { readonly name: string; readonly text: string }>>
  /** Whether its summary is being posted: it takes no more answers. */
  readonly isClosed: boolean
}

const minute = 60_000
const week = 7 * 24 * 60 * minute
const longestAnswer = 300

const days = {
  'MON-FRI': 'Monday to Friday',
  'MON,WED,FRI': 'Monday, Wednesday and Friday',
  '*': 'Every day',
}

/** Names of all time zones, for the settings. */
const zones = Object.fromEntries(['UTC', ...Intl.supportedValuesOf('timeZone')].map((zone) => [zone, zone]))

/**
 * A stand-up in writing: at a time that the room chooses, the add-on asks what everybody works on. People answer with
 * `/standup fixed the login`, those who forget are reminded, and a card sums up. All of it goes on after a restart.
 */
export function createStandup(options: Partial<AddonOptions> = {}) {
  const addon = createAddon({
    key: 'com.example.standup',
    name: 'Stand-up',
    description: 'Asks the room what everybody works on.',
    vendor: { name: 'Example', url: 'https://example.com' },
    ...options,
    allowGlobal: false,
    scopes: ['send_notification', 'view_room'],
  })

  const settings = addon.settings({
    title: 'Stand-up',
    fields: {
      on: { type: 'checkbox', label: 'Ask the room', default: true },
      days: { type: 'select', label: 'Days', options: days, default: 'MON-FRI' },
      hour: { type: 'number', label: 'Hour', default: 9, min: 0, max: 23, integer: true },
      minute: { type: 'number', label: 'Minute', default: 0, min: 0, max: 59, integer: true },
      zone: { type: 'select', label: 'Time zone', options: zones, default: 'UTC' },
      reminder: { type: 'number', label: 'Minutes until the reminder', default: 15, min: 1, integer: true },
      summary: { type: 'number', label: 'Minutes until the summary', default: 60, min: 2, integer: true },
    },
  })

  // The data of both jobs is the id of the stand-up.
  const remind = addon.job<string>('remind', async ({ data: id, installation, store, step }) => {
    const standup = await store.get<Standup>(keyOf(id))
    const missing = standup ? missingIn(standup) : []
    if (missing.length === 0) return
    const mentions = missing.map(({ name, mention }) => (mention === undefined ? name : `@${mention}`))
    // Without the step, an attempt after this one would remind everybody again.
    await step('post', () =>
      addon.room(installation).notify(`${mentions.join(' ')} What are you working on? Answer with /standup`),
    )
  })

  const summarize = addon.job<string>('summarize', async ({ data: id, installation, store, step }) => {
    // From now on the command refuses answers, so that the card has all that were accepted.
    const standup = await store.update<Standup>(
      keyOf(id),
      (before) => before && { ...before, isClosed: true },
      week,
    )
    if (!standup) return
    await step('post', () =>
      addon.room(installation).sendCard(cardOf(id, standup), textOf(standup), {
        color: missingIn(standup).length === 0 ? 'green' : 'yellow',
      }),
    )
    await store.delete(keyOf(id))
  })

  addon.schedule(
    'ask',
    {
      // Both are read again when somebody saves the settings.
      cron: async (context) => {
        const { on, days, hour, minute } = await settings.get(context)
        return on ? `${minute} ${hour} * * ${days}` : undefined
      },
      timezone: async (context) => (await settings.get(context)).zone,
      missed: 'skip', // nobody wants the morning's question in the evening
    },
    async (context) => {
      const { installation, store, step, scheduledFor } = context
      const room = addon.room(installation)
      const id = scheduledFor.toISOString() // the same in each attempt

      const people = await step('find people', () => peopleIn(room))
      await step('open', async () => {
        const opened: Standup = { people, answers: {}, isClosed: false }
        await store.update<Standup>(keyOf(id), (before) => before ?? opened, week)
        await store.set('current', id)
      })
      // A step is done once, however often the handler runs; but again if the process ended before its result was stored.
      // For these two that is harmless, since there is one job with an id.
      const { reminder, summary } = await settings.get(context)
      const minutesLater = (minutes: number) => new Date(scheduledFor.getTime() + minutes * minute)
      await step('plan reminder', () => remind.add(context, id, { id, at: minutesLater(reminder) }))
      await step('plan summary', () => summarize.add(context, id, { id, at: minutesLater(summary) }))
      // Here it is not: the room would be asked twice. HipChat offers nothing by which it would recognise a repeated message.
      await step('ask', () =>
        room.notify('What are you working on? Answer with /standup fixed the login, next: the search', {
          notify: true,
        }),
      )
    },
  )

  addon.command(
    '/standup [words...]',
    { description: 'Say what you are working on' },
    async ({ args, sender, store }) => {
      const text = args.words.join(' ')
      if (sender?.id === undefined) return undefined // another add-on
      if (text === '') return 'Write what you are working on: /standup fixed the login, next: the search'
      if (text.length > longestAnswer) return `Please write at most ${longestAnswer} characters.`
      const { id, name } = sender
      const current = await store.get<string>('current')
      const standup =
        current === undefined
          ? undefined
          : await store.update<Standup>(
              keyOf(current),
              (before) =>
                before && !before.isClosed
                  ? { ...before, answers: { ...before.answers, [id]: { name, text } } }
                  : before,
              week,
            )
      if (!standup || standup.isClosed) return 'There is no stand-up at the moment.'
      const { length } = missingIn(standup)
      return length === 0 ? 'Thank you. That was everybody.' : `Thank you. ${length} to go.`
    },
  )

  return addon
}

// Kept for a week, because a summary that failed too often can be run again for a week.
const keyOf = (id: string): string => `standup:${id}`

const missingIn = ({ people, answers }: Standup): Person[] =>
  people.filter(({ id }) => !Object.hasOwn(answers, id))

/** Who is asked: in a private room its members, in a public one the people who are there. */
async function peopleIn(room: Room<'send_notification' | 'view_room'>): Promise<Person[]> {
  const { privacy } = await room.getRoom()
  const found = await room.getAllRoomParticipants({ 'include-offline': privacy === 'private' }).toArray()
  return found.map(({ id, name, mention_name }) => ({
    id,
    name,
    ...(mention_name === undefined ? {} : { mention: mention_name }),
  }))
}

/** A card has ten attributes at most; the text has everything. */
function cardOf(id: string, standup: Standup): Card {
  const answers = Object.values(standup.answers)
  const missing = missingIn(standup).map(({ name }) => name)
  return card.application({
    id: `standup-${id}`,
    title: `Stand-up of ${id.slice(0, 10)}`,
    format: 'medium',
    description: `${answers.length} of ${answers.length + missing.length} have answered.`,
    attributes: [
      ...answers.slice(0, 9).map(({ name, text }) => ({ label: name.slice(0, 50), value: text })),
      ...(missing.length === 0 ? [] : [{ label: 'No answer', value: missing.join(', ').slice(0, 1_000) }]),
    ],
  })
}

function textOf(standup: Standup): string {
  const answers = Object.values(standup.answers).map(({ name, text }) => `${name}: ${text}`)
  const missing = missingIn(standup).map(({ name }) => `${name}: no answer`)
  return ['Stand-up', ...answers, ...missing].join('\n').slice(0, 10_000)
}
