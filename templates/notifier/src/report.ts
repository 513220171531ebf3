/** An external report, for example of a build. */
export interface Report {
  /** Reports with the same id change the same card. */
  readonly id: string
  readonly title: string
  readonly state: State
  readonly description?: string
  readonly url?: string
}

export const states = ['running', 'passed', 'failed'] as const

export type State = (typeof states)[number]

/** Reads a report, or returns its fault: the field, what was expected, and what it got. */
export function readReport(body: unknown): { report: Report } | { fault: string } {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return { fault: `expected an object, got ${shown(body)}` }
  const { id, title, state, description, url }: Readonly<Record<string, unknown>> = { ...body }
  if (!isShortString(id, 100))
    return { fault: `id: expected a string of 1 to 100 characters, got ${shown(id)}` }
  if (!isShortString(title, 200))
    return { fault: `title: expected a string of 1 to 200 characters, got ${shown(title)}` }
  const known = states.find((one) => one === state)
  if (!known) return { fault: `state: expected one of ${states.join(', ')}, got ${shown(state)}` }
  if (description !== undefined && !isShortString(description, 1000))
    return { fault: `description: expected a string of 1 to 1000 characters, got ${shown(description)}` }
  if (url !== undefined && !isHttpUrl(url))
    return { fault: `url: expected an http or https URL, got ${shown(url)}` }
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

const isShortString = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= most

const isHttpUrl = (value: unknown): value is string =>
  isShortString(value, 1000) && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)

/** A value, short enough to be quoted in a message. */
const shown = (value: unknown): string =>
  value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value).slice(0, 60)
