/** Wrong arguments of a command: the exit code is 2, and the message the only line. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** A question that could not be answered, by a command whose exit code 1 is an answer: the exit code is 2. */
export class UnansweredError extends Error {
  override name = 'UnansweredError'
}
