import type { FrameLocator, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { HipChatServer } from '../../src/server/index.ts'
import { accessToken, call } from '../server/support.ts'
import type { Shipyard } from './shipyard.ts'
import { type PageOptions, signInAs } from './support.ts'

/** The page as Alice sees it in the Lobby. */
export const inLobby = (server: HipChatServer, options: PageOptions = {}): Promise<Page> =>
  signInAs(server, 'alice', { path: '/chat/room/1', ...options })

/** Pushes the content of a glance. */
export const push = async (
  server: HipChatServer,
  addon: Shipyard,
  path: string,
  content: unknown,
  key = 'status',
) => {
  const token = await accessToken(server, addon)
  const answer = await call(server, 'POST', path, { token, json: { glance: [{ key, content }] } })
  expect(answer.status).toBe(204)
}

/** The frame with a page of an add-on. */
export const frame = (page: Page, title = 'Board'): FrameLocator =>
  page.frameLocator(`iframe[title="${title}"]`)

/** What the page of an add-on received, one line each. */
export const heard = (page: Page, title = 'Board') =>
  frame(page, title).locator('#heard li').allTextContents()
