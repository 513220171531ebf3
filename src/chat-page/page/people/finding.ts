/** Whether a word of a person's name, or their mention name, begins with the query; as the server finds people. */
export function isFoundBy(typed: string, name: string, mentionName: string): boolean {
  const wanted = typed.toLowerCase()
  const text = name.toLowerCase()
  return (
    mentionName.toLowerCase().startsWith(wanted) ||
    text.startsWith(wanted) ||
    [...text.matchAll(/[\p{L}\p{N}_]+/gu)].some(({ index }) => text.startsWith(wanted, index))
  )
}
