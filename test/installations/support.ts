import type { AddonOptions } from '../../src/index.ts'
import { planted } from '../leaks/planted.ts'
import { startWorld, type World } from '../support.ts'

/** A secret that differs from the impostor's. */
export const anotherSecret = planted('another')

/** Sends an installation record, or what the test sends in its place. */
export const post = (
  world: World,
  body: unknown,
  path = '/installable',
  headers: Record<string, string> = {},
) =>
  fetch(`${world.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

/** Asks the add-on to remove an installation; unsigned without a token. */
export const remove = (world: World, oauthId: string, token?: string) =>
  fetch(`${world.url}/installable/${oauthId}`, {
    method: 'DELETE',
    headers: token === undefined ? {} : { authorization: `JWT ${token}` },
  })

/** Status and text of an answer. */
export const said = async (answer: Response): Promise<[number, string]> => [
  answer.status,
  await answer.text(),
]

/** The ids of all installations that the add-on knows. */
export const known = async ({ addon }: World): Promise<string[]> => {
  const ids: string[] = []
  for await (const { oauthId } of addon.installations()) ids.push(oauthId)
  return ids
}

/** An add-on that records which hooks ran. */
export async function witness(options: Partial<AddonOptions> = {}) {
  const trail: string[] = []
  const world = await startWorld(
    (addon) => {
      addon.on('installed', ({ room }) => void trail.push(`installed ${room?.id ?? 'everywhere'}`))
      addon.on('updated', ({ installation }) => void trail.push(`updated ${installation.scopes.length}`))
      addon.on('uninstalled', () => void trail.push('uninstalled'))
      addon.on('replaced', async ({ old, store }) => {
        trail.push('replaced')
        await store.set('kept', await old.store.get('kept'))
      })
    },
    { addon: options },
  )
  return { world, trail }
}

/** All entries of a store. */
export async function listed(entries: AsyncIterable<[string, string]>): Promise<[string, string][]> {
  const list: [string, string][] = []
  for await (const entry of entries) list.push(entry)
  return list
}
