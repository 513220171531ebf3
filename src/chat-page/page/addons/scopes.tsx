import { isScope, scopes } from '../../../api/scopes.ts'

interface ScopesProps {
  readonly ids: readonly string[]
  /** Scopes that were not there before. */
  readonly added?: readonly string[]
}

/** What an add-on, or a token, may do, in words. */
export function Scopes({ ids, added = [] }: ScopesProps) {
  return (
    <ul class="tools-scopes">
      {ids.map((id) => (
        <li key={id}>
          <b>{isScope(id) ? scopes[id].name : id}</b>
          {added.includes(id) && <span class="tools-badge tools-new">new</span>}
          {isScope(id) && <span class="tools-quiet"> {scopes[id].description}</span>}
        </li>
      ))}
    </ul>
  )
}

/** HipChat's name of a scope, or the id of one that it does not have. */
export const scopeName = (id: string): string => (isScope(id) ? scopes[id].name : id)
