import { signal } from '@preact/signals'

/** The installation that a link to this page proposes. A link is only a proposal: it fills in a field, and does nothing else. */
export interface Wanted {
  readonly url: string
  /** By name or id. */
  readonly room: string
  /** For the add-on that made the link. */
  readonly relayState: string | undefined
}

function wantedIn(search: string): Wanted {
  const query = new URLSearchParams(search)
  return {
    url: query.get('install') ?? '',
    room: query.get('room') ?? '',
    relayState: query.get('relayState') ?? undefined,
  }
}

/** Kept while the person chooses the room. */
export const wanted = signal<Wanted>(wantedIn(location.search))
