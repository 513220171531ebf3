/** Wrong arguments of a command: the exit code is 2, and the message the only line. */
export class UsageError extends Error {
  override name = 'UsageError'
}
