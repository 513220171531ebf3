/** What somebody outside reports, for instance a build. */
export interface Report {
  /** Reports with the same id are one card, which changes. */
  readonly id: string
  readonly title: string
  readonly state: State
  readonly description?: string
  readonly url?: string
}

export const states = ['running', 'passed', 'failed'] as const

export type State = (typeof states)[number]

/** Reads a report, or says what is wrong with it: the member, what was expected, what came. */
export function readReport(body: unknown): { report: Report } | { wrong: string } {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return { wrong: `expected an object, came ${shown(body)}` }
  const { id, title, state, description, url }: Readonly<Record<string, unknown>> = { ...body }
  if (!isText(id, 100)) return { wrong: `id: expected a text of 1 to 100 characters, came ${shown(id)}` }
  if (!isText(title, 200))
    return { wrong: `title: expected a text of 1 to 200 characters, came ${shown(title)}` }
  const known = states.find((one) => one === state)
  if (!known) return { wrong: `state: expected one of ${states.join(', ')}, came ${shown(state)}` }
  if (description !== undefined && !isText(description, 1000))
    return { wrong: `description: expected a text of 1 to 1000 characters, came ${shown(description)}` }
  if (url !== undefined && !isAddress(url))
    return { wrong: `url: expected an address with http or https, came ${shown(url)}` }
  return {
    report: {
      id,
      title,
      state: known,
      ...(description === undefined ? {} : { description }),
      ...(url === undefined ? {} : { url }),
    },
  }
}

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= most

const isAddress = (value: unknown): value is string =>
  isText(value, 1000) && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)

/** A value as a message can quote it. */
const shown = (value: unknown): string =>
  value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value).slice(0, 60)
