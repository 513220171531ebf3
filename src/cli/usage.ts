/** Wrong arguments of a command. The exit code is 2, and the message is the only output. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** A command whose exit code 1 is a result could not get a result. The exit code is 2. */
export class UnansweredError extends Error {
  override name = 'UnansweredError'
}
