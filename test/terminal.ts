import { spawnSync } from 'node:child_process'

/** Whether `script` cannot make a terminal here: other systems have another one of that name, without `--version`. */
const noTerminal = !/util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '')

/** What is left out then. In CI nothing may be. */
export function needsTerminal(skip: (condition: boolean, note: string) => void): void {
  const note =
    'what is asked and typed in a terminal: the command script of util-linux makes one; on Debian, apt-get install bsdutils'
  if (noTerminal && process.env['CI'] === 'true') throw new Error(note)
  skip(noTerminal, note)
}
