/** Wrong arguments: the exit code is 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** The project could not be created: the exit code is 1. */
export class CreateError extends Error {
  override name = 'CreateError'
}

/** Interrupted by the user: the exit code is 130, as in a shell after Ctrl-C. */
export class Interrupted extends Error {
  override name = 'Interrupted'
}
