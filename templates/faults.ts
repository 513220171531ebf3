/** Wrong arguments: the exit code is 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** The project could not be made: the exit code is 1. */
export class CreateError extends Error {
  override name = 'CreateError'
}

/** Somebody stopped it: the exit code is 130, as a shell has it after Ctrl-C. */
export class Interrupted extends Error {
  override name = 'Interrupted'
}
