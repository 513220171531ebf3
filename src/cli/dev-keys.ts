import { spawn } from 'node:child_process'
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

/** Opens a page in the system's default browser. Calls `problem` with the reason if that fails. */
export function openPage(url: string, problem: (text: string) => void): void {
  const [command, ...given] = openers[process.platform] ?? ['xdg-open']
  const opener = spawn(command, [...given, url], { stdio: 'ignore', detached: true })
  opener.once('error', (error) => problem(`The page cannot be opened from here: ${error.message}`))
  opener.unref()
}

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}
