/**
 * `npm run screenshots`: takes the screenshots for README and docs of the current chat page with the example add-ons.
 * Needs Chromium: at `$CHROMIUM`, or /usr/bin/chromium.
 */
import { fileURLToPath } from 'node:url'
import { createHipChatServer } from 'hipchat-addon/server'
import { type Browser, chromium, type Page } from 'playwright-core'
import { createDeploys } from './deploys/addon.ts'
import { createDice } from './dice/addon.ts'
import { createKarma } from './karma/addon.ts'

const folder = fileURLToPath(new URL('../docs/images/', import.meta.url))
const executablePath = process.env['CHROMIUM'] || '/usr/bin/chromium'

const server = createHipChatServer({ port: 0 })
const options = { store: 'memory:', log: false } as const
const addons = [createDice(options), createDeploys(options), createKarma(options)]

interface View {
  readonly width: number
  readonly height: number
  readonly colorScheme?: 'light' | 'dark'
  /** Steps in the Lobby before the screenshot is taken. */
  readonly first?: (page: Page) => Promise<void>
  /** The user who is signed in. */
  readonly as?: string
}

const openBoard = async (page: Page) => {
  await page.getByRole('button', { name: /waiting/ }).click()
  await page.frameLocator('iframe').getByRole('button', { name: 'Decide…' }).first().waitFor()
}

const views: Readonly<Record<string, View>> = {
  light: { width: 1280, height: 800, first: openBoard },
  dark: { width: 1280, height: 800, colorScheme: 'dark', first: openBoard },
  phone: { width: 390, height: 844 },
  dialog: {
    width: 1280,
    height: 800,
    async first(page) {
      await openBoard(page)
      await page.frameLocator('iframe').getByRole('button', { name: 'Decide…' }).first().click()
      await page.frameLocator('dialog iframe').getByText('asks to deploy').waitFor()
    },
  },
  inspector: {
    width: 1280,
    height: 800,
    as: 'Admin',
    async first(page) {
      await page.getByRole('link', { name: 'Inspector' }).click()
      await page
        .getByRole('button', { name: /^Delivery \d+, room_message/ })
        .first()
        .click()
      await page.getByRole('button', { name: /Resend/ }).waitFor()
    },
  },
}

async function start(): Promise<void> {
  await server.listen()
  for (const addon of addons) await addon.listen(0)
  const [dice, deploys, karma] = addons.map(({ descriptor }) => descriptor.links.self)
  await server.install(dice ?? '', { room: 'Lobby' })
  await server.install(deploys ?? '', { room: 'Lobby' })
  await server.install(karma ?? '')
  const said: readonly [string, string][] = [
    ['bob', 'Who goes first?'],
    ['alice', '/roll 2d6'],
    ['bob', 'alice++ for the cake'],
    ['alice', '/deploy api 4.2'],
    ['carol', '@alice should I look at the migrations first? (smile)'],
    ['bob', '/deploy web 1.18'],
  ]
  for (const [user, text] of said) {
    await server.enter('Lobby', user)
    await server.say('Lobby', user, text)
    await server.idle()
  }
}

async function takeScreenshot(browser: Browser, name: string, view: View): Promise<void> {
  const { width, height, colorScheme = 'light', as = 'Alice', first } = view
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme,
    deviceScaleFactor: width < 500 ? 2 : 1,
    reducedMotion: 'reduce',
  })
  await page.goto(`${server.url}/chat/room/${server.room('Lobby').id}`)
  await page.getByRole('button', { name: new RegExp(as) }).click()
  await page.getByText('What to type').waitFor()
  // The newest card is expanded.
  await page.getByRole('button', { name: 'Details of web 1.18' }).click()
  await first?.(page)
  await page.waitForFunction('[...document.images].every((image) => image.complete)')
  await page.screenshot({ path: `${folder}${name}.png` })
  await page.close()
  console.log(`docs/images/${name}.png`)
}

await start()
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
try {
  for (const [name, view] of Object.entries(views)) await takeScreenshot(browser, name, view)
} finally {
  await browser.close()
  for (const addon of addons) await addon.close()
  await server.close()
}
