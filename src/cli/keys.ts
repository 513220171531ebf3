import { readableError } from '../common/redaction.ts'

/** Runs the action of a key each time it is pressed in the terminal. */
export function onKeys(actions: Readonly<Record<string, () => Promise<void>>>): void {
  process.stdin.setRawMode(true)
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', (keys: string) => {
    for (const key of keys)
      actions[key]?.().catch((error: unknown) => console.error(readableError(error).message))
  })
}
