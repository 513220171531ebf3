import { describe, expectTypeOf, it } from 'vitest'
import {
  type Addon,
  createAddon,
  type Installation,
  type PageContext,
  type PageHandler,
  type Room,
  type Scope,
  type Viewer,
} from '../../src/index.ts'

// These are checked by `tsc`, like those of the client; the functions given to `compiled` are never called.
const compiled = (name: string, _body: () => unknown) => it(name, () => {})

const create = <const S extends Scope>(...scopes: S[]): Addon<S> =>
  createAddon({ key: 'a', name: 'a', description: 'a', scopes, store: 'memory:' })

const icon = 'https://example.com/icon.png'

describe('the handler of a page', () => {
  compiled('has the calls that the scopes of the add-on allow', () =>
    create('view_room').webPanel({ key: 'p', name: 'P' }, async ({ room, user, client, glance }) => {
      expectTypeOf(room).toEqualTypeOf<Room<'view_room'> | undefined>()
      expectTypeOf(user).toEqualTypeOf<Viewer | undefined>()
      await glance.push('g', 'x')
      // @ts-expect-error no scope of this add-on allows it
      client.sendRoomNotification({ id_or_name: 1, message: 'Hi' })
    }),
  )

  compiled('has the parameters that were declared, and no others', () => {
    const addon = create()
    addon.dialog({ key: 'd', title: 'D', parameters: { mid: 'message.mid' } }, ({ parameters }) => {
      expectTypeOf(parameters).toEqualTypeOf<Readonly<Record<'mid', string>>>()
      // @ts-expect-error it was not declared
      return parameters.body
    })
    addon.glance({ key: 'g', name: 'G', icon, parameters: { a: 'a', b: 'b' } }, ({ parameters }) =>
      expectTypeOf(parameters).toEqualTypeOf<Readonly<Record<'a' | 'b', string>>>() ? 'x' : 'y',
    )
    // @ts-expect-error none was declared
    addon.externalPage({ key: 'e' }, ({ parameters }) => parameters.mid)
  })

  compiled('has no user without authentication', () => {
    const addon = create('view_room')
    addon.webPanel({ key: 'p', name: 'P', authentication: 'none' }, (context) => {
      // @ts-expect-error nobody has verified the user
      context.installation
    })
    addon.webPanel({ key: 'q', name: 'Q', authentication: 'jwt' }, ({ installation }) => {
      expectTypeOf(installation).toEqualTypeOf<Installation>()
    })
    addon.dialog({ key: 'd', title: 'D', authentication: 'none', parameters: { a: 'b' } }, (context) => {
      expectTypeOf(context.parameters.a).toEqualTypeOf<string>()
    })
  })

  compiled('returns a page, not a notification', () => {
    const addon = create()
    // @ts-expect-error notifications are for rooms
    addon.webPanel({ key: 'p', name: 'P' }, () => ({ message: 'x', message_format: 'text' }))
  })

  compiled(
    'that is typed for fewer scopes can be registered on an add-on with more, and not the reverse',
    () => {
      const handler: PageHandler<PageContext<'view_room', never>> = async ({ room }) => {
        await room?.getRoom()
      }
      create('view_room', 'send_notification').webPanel({ key: 'p', name: 'P' }, handler)
      // @ts-expect-error it would call an operation that this add-on may not
      create('send_notification').webPanel({ key: 'p', name: 'P' }, handler)
    },
  )
})

describe('conditions', () => {
  compiled('are those that can hold for their module', () => {
    const addon = create()
    const action = { key: 'a', name: 'A', target: 'd' }
    addon.action({
      ...action,
      location: 'hipchat.message.action',
      conditions: [{ type: 'or', conditions: [{ condition: 'message_contains_link' }] }],
    })
    // @ts-expect-error there is no message
    addon.action({
      ...action,
      location: 'hipchat.input.action',
      conditions: [{ condition: 'message_contains_link' }],
    })
    addon.glance({
      key: 'g',
      name: 'G',
      icon,
      conditions: [{ condition: 'glance_matches', params: { metadata: [{ attr: 'a', eq: true }] } }],
    })
    addon.webPanel(
      {
        key: 'p',
        name: 'P',
        // @ts-expect-error it is not a glance
        conditions: [{ condition: 'glance_matches', params: { metadata: [] } }],
      },
      () => {},
    )
  })
})

describe('what a glance shows', () => {
  compiled('is a string, HTML or a complete label', () => {
    const addon = create()
    addon.glance({ key: 'g', name: 'G', icon }, () => ({
      label: 'x',
      status: { lozenge: 'success', label: 'OK' },
    }))
    // @ts-expect-error there is no such lozenge
    addon.glance({ key: 'g', name: 'G', icon }, () => ({
      label: 'x',
      status: { lozenge: 'complete', label: 'OK' },
    }))
  })
})
