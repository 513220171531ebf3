import { spawn } from 'node:child_process'

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
