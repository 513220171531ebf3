/** What add-ons are told and what they ask for, for who writes them. */
export function Inspector() {
  return <h1>Inspector</h1>
}
