import { existsSync } from 'node:fs'

/** Skips a test that needs a folder in which the system creates nothing: only Linux has one at `/proc`. */
export function needsProc(skip: (condition: boolean, note: string) => void): void {
  skip(!existsSync('/proc/self/ns'), 'a folder in which the system creates nothing: only Linux has /proc')
}
