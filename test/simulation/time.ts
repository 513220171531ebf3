import { setImmediate as nextTurn } from 'node:timers'
import { vi } from 'vitest'

/** Waits for simulated milliseconds. */
export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, milliseconds))

/** For what a killed process waits for. */
export const never = <T>(): Promise<T> => new Promise(() => {})

/** From now on `Date` and timers are simulated: time passes only in {@link pass}. Forgets all earlier timers. */
export function startTime(): void {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: Date.UTC(2040, 6, 1) })
}

/** Sets the clock. Timers go on as if nothing had happened. */
export const jump = (milliseconds: number): void => void vi.setSystemTime(Date.now() + milliseconds)

/** Lets time pass: runs one timer after the other, and after each what follows from it. */
export async function pass(milliseconds: number): Promise<void> {
  let isOver = false
  setTimeout(() => {
    isOver = true
  }, milliseconds)
  while (!isOver) {
    await new Promise<void>((resolve) => void nextTurn(resolve))
    vi.advanceTimersToNextTimer()
  }
}
