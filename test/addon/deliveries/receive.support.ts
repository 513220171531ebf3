import type { AddonOptions } from '../../../src/index.ts'
import { delivered, sign, startWorld, type TestHandler } from '../../support.ts'

/** An installed add-on with one handler, and a function that delivers to it without the server. */
export async function installHandler(handler: TestHandler, options: Partial<AddonOptions> = {}) {
  const world = await startWorld((addon) => void addon.webhook('room_message', { key: 'hook' }, handler), {
    addon: options,
  })
  const { installation, secret } = await world.install()
  const { oauthId } = installation
  return {
    ...world,
    oauthId,
    deliver: (text = 'hello', body: unknown = delivered(oauthId, 1, text), token = sign(oauthId, secret)) =>
      fetch(`${world.url}/webhook/hook`, {
        method: 'POST',
        headers: { authorization: `JWT ${token}` },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    token: () => sign(oauthId, secret),
  }
}
