import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** A single pixel. */
export const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** Opens the page in the Lobby. */
export const lobby = { path: '/chat/room/1' }

/** The field in which messages are written. */
export const field = (page: Page) => page.getByRole('textbox', { name: /^Message / })

/** The messages of the open room. */
export const log = (page: Page) => page.getByRole('log')

/** Writes a message and sends it. */
export async function say(page: Page, text: string): Promise<void> {
  await field(page).fill(text)
  await page.keyboard.press('Enter')
}

/** The texts of the messages in the open room. */
export const texts = (page: Page) => log(page).locator('.message-text').allTextContents()

/** Waits until a condition holds; if it never does, the error contains its last value. */
export const eventually = (look: () => Promise<unknown>) => expect.poll(look, { timeout: 10_000 })
