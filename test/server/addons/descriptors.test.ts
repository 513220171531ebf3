import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startAddon, startServer } from '../support.ts'

const folder = new URL('../../../src/testing/fixtures/descriptors/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

/** Hosts in place of placeholders and of addresses that are gone, as the operators of these add-ons set them. */
const placed = (text: string, url: string) =>
  text
    .replaceAll(/\{\{localBaseUrl\}\}|\$\{host\}|http:\/\/\{\{hostname\}\}:4000/g, url)
    .replaceAll(/\{% site_root %\}\{%[^%]*%\}/g, `${url}/page`)
    .replaceAll(/https?:\/\/(sentry\.example|lunchbunch-hipchat\.herokuapp\.com)(?=\/\w)/g, url)

test.each(files)('the published descriptor %s is installed', async (file) => {
  const server = await startServer()
  const addon = await startAddon()
  addon.descriptor = JSON.parse(placed(readFileSync(new URL(file, folder), 'utf8'), addon.url))
  const byBrowser = JSON.stringify(addon.descriptor).includes('"installedUrl"')
  const { installedUrl = '' } = await server.install(`${addon.url}/descriptor`, { room: 'Lobby' })
  expect(installedUrl !== '').toBe(byBrowser)
  if (byBrowser) {
    const document = new URL(installedUrl).searchParams.get('installable_url') ?? ''
    expect((await fetch(document)).status).toBe(200)
  }
  expect(server.installations()).toMatchObject([{ key: addon.descriptor['key'], roomId: 1 }])
})

test('the folder of published descriptors is not empty', () => {
  expect(files.length).toBeGreaterThanOrEqual(9)
})
