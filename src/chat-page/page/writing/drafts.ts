const key = 'hipchat-drafts'

function kept(): Record<string, string> {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? '{}')
  } catch {
    return {} // not ours
  }
}

const drafts = kept()

/** Unsent contents of the field of a place, while this tab is open. */
export const draftOf = (address: string): string => drafts[address] ?? ''

/** Keeps the contents of a field while this tab is open; an empty string forgets them. */
export function keepDraft(address: string, text: string): void {
  if (text === '') delete drafts[address]
  else drafts[address] = text
  try {
    sessionStorage.setItem(key, JSON.stringify(drafts))
  } catch {
    // full: kept until the page is reloaded
  }
}
