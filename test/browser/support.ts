import { existsSync } from 'node:fs'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeEach, expect, onTestFinished } from 'vitest'
import type { HipChatServer } from '../../src/server/index.ts'
import { call } from '../server/support.ts'

const candidates = [process.env['CHROMIUM'], '/usr/bin/chromium']
const missing = 'the chat page in a browser: apt-get install chromium, or give its path as CHROMIUM'

let browser: Browser | undefined

/**
 * One Chromium for the tests of a file; call it once, at its top. Without Chromium the tests are skipped with a message,
 * or fail on a build machine.
 */
export function openBrowser(): void {
  const path = candidates.find((one) => one !== undefined && existsSync(one))
  beforeEach(async ({ skip }) => {
    if (path === undefined) {
      if (process.env['CI'] === 'true') throw new Error(`There is no Chromium: ${missing}`)
      skip(missing)
    }
    browser ??= await chromium.launch({ executablePath: path ?? '', args: ['--no-sandbox'] })
  })
  afterAll(() => browser?.close())
}

export interface PageOptions extends BrowserContextOptions {
  /** Where on the page to start. Default: its front. */
  readonly path?: string
}

/** Errors that each page may log on its console. */
const expectations = new WeakMap<Page, RegExp[]>()

/** Allows an error on the console that belongs to the test: a refused call, for example. */
export function expectError(page: Page, text: RegExp): void {
  expectations.get(page)?.push(text)
}

/** A page without a session, with its own storage. An unexpected error fails the test. */
export async function openPage(
  server: Pick<HipChatServer, 'url'>,
  { path = '/', ...options }: PageOptions = {},
  prepare?: (page: Page) => Promise<unknown>,
): Promise<Page> {
  if (!browser) throw new Error('call openBrowser() at the top of the test file')
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const problems: string[] = []
  const expected: RegExp[] = []
  expectations.set(page, expected)
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  onTestFinished(async () => {
    await context.close()
    expect(
      problems.filter((problem) => !expected.some((text) => text.test(problem))),
      'errors on the console of the page',
    ).toEqual([])
  })
  await prepare?.(page)
  await page.goto(server.url + path)
  return page
}

/** A page with the session of a user who has no password. */
export async function signInAs(
  server: HipChatServer,
  mentionName: string,
  options: PageOptions = {},
): Promise<Page> {
  const welcome = await call(server, 'GET', `${server.url}/page/welcome`)
  const user = welcome.body.users.find((one: { mention_name: string }) => one.mention_name === mentionName)
  if (!user) throw new Error(`${mentionName} cannot be chosen on the page`)
  const opened = await call(server, 'POST', `${server.url}/page/session`, { json: { user_id: user.id } })
  const session = JSON.stringify({ token: opened.body.token, userId: user.id })
  const page = await openPage(server, options, (fresh) =>
    // Once, and not in frames: an add-on's frame has no storage, and a person who signs out stays signed out.
    fresh.addInitScript(`if (self === top && !sessionStorage.getItem('test')) {
      sessionStorage.setItem('test', 'signed in')
      sessionStorage.setItem('hipchat-session', ${JSON.stringify(session)})
    }`),
  )
  await page.locator('.app').waitFor()
  return page
}

/** Checks that axe finds no accessibility problem on the page. */
export async function checkAccessibility(page: Page): Promise<void> {
  await page.evaluate(axe.source)
  const found = await page.evaluate<
    { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]
  >('axe.run(document, { resultTypes: ["violations"], iframes: false }).then(({ violations }) => violations)')
  const bad = found.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(
    bad.map(({ id, nodes }) => ({
      id,
      nodes: nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary}`),
    })),
  ).toEqual([])
}
