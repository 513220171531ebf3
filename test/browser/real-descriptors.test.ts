import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { startServer } from '../server/support.ts'
import { icon, json, label, startShipyard } from './shipyard.ts'
import { expectError, openBrowser, signInAs } from './support.ts'

openBrowser()

const folder = new URL('../../src/testing/fixtures/descriptors/', import.meta.url)

const files = readdirSync(folder).map((file) => {
  const { capabilities } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
  return [file.replace('.json', ''), JSON.stringify(capabilities)] as const
})

/** Modelled on add-ons whose licences do not let us copy them. */
const composed = (url: string): Readonly<Record<string, Record<string, unknown>>> => ({
  'a second panel that no glance leads to': {
    glance: [
      { key: 'g', name: { value: 'Reports' }, queryUrl: `${url}/glance`, target: 'p', icon: icon(url) },
    ],
    webPanel: ['p', 'q'].map((key) => ({
      key,
      name: { value: `Panel ${key}` },
      location: 'hipchat.sidebar.right',
      url: `${url}/${key}`,
    })),
  },
  'an action whose dialog is not declared': {
    action: [{ key: 'a', name: { value: 'Open' }, target: 'nowhere', location: 'hipchat.input.action' }],
  },
  'dialogs with sizes in pixels and buttons, and an action of the field': {
    dialog: [
      {
        key: 'edit',
        title: { value: 'Editor' },
        url: `${url}/edit`,
        options: {
          style: 'normal',
          primaryAction: { name: { value: 'Send' }, key: 'edit.send', enabled: true },
          size: { width: '800px', height: '600px' },
        },
      },
    ],
    action: [{ key: 'e', name: { value: 'Edit' }, target: 'edit', location: 'hipchat.input.action' }],
  },
  'a glance and a panel under the empty name of a template': {
    glance: [
      { key: 'g', name: { value: '{{name}}' }, target: { type: 'dialog', key: 'd' }, icon: icon(url) },
    ],
    dialog: [{ key: 'd', title: { value: 'Dialog' }, url: '{{localBaseUrl}}/dialog' }],
  },
})

interface Modules {
  readonly glance?: readonly {
    readonly name: { readonly value: string }
    readonly queryUrl?: string
    readonly conditions?: unknown[]
  }[]
  readonly action?: readonly { readonly name: { readonly value: string }; readonly location: string }[]
}

/** The hosts of placeholders, and other hosts, become the add-on of the test: nothing here calls anybody else. */
const localised = (text: string, url: string): string =>
  text
    .replaceAll(/\$\{host\}|\{\{localBaseUrl\}\}/g, url)
    .replaceAll(/https?:\/\/(?!127\.0\.0\.1)[\w.-]+(?::\d+)?/g, url)

describe('modules of add-ons as they were published', () => {
  it.each([...files, ...Object.keys(composed('')).map((name) => [name, undefined] as const)])(
    '%s: are drawn, and open',
    async (name, published) => {
      const server = await startServer()
      const addon = await startShipyard(server, (url) => {
        const capabilities =
          published === undefined ? composed(url)[name] : JSON.parse(localised(published, url))
        return { ...capabilities, installable: { callbackUrl: `${url}/installed` } }
      })
      const { glance = [], action = [] } = addon.descriptor['capabilities'] as Modules
      for (const { queryUrl } of glance)
        if (queryUrl) addon.pages.set(new URL(queryUrl).pathname, () => json(label('3 deployments')))
      const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
      expectError(page, /400/) // URLs that are still templates
      const sidebar = page.getByLabel('Add-ons of this room')
      for (const { name: text } of glance.filter(({ conditions = [] }) => conditions.length === 0))
        await sidebar.getByText(text.value).or(sidebar.getByText('3 deployments')).first().waitFor()
      if (await sidebar.isVisible()) {
        await sidebar.getByRole('button').first().click()
        await page.locator('iframe, [role=alert]').first().waitFor({ state: 'attached' })
        await page.keyboard.press('Escape') // if that was a dialog
      }
      await page.getByRole('button', { name: 'What add-ons can add' }).click()
      for (const { name: text, location } of action)
        if (location === 'hipchat.input.action')
          await page.getByRole('menuitem', { name: text.value }).waitFor()
      expect(addon.to('/installed')).toHaveLength(1)
    },
  )
})
