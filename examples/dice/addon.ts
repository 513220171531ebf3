import { type AddonOptions, createAddon } from 'hipchat-addon'

/** Rolls dice: `/roll`, `/roll 2d6`, `/roll 3d20 for initiative`. */
export function createDice(options: Partial<AddonOptions> = {}) {
  const addon = createAddon({
    key: 'com.example.dice',
    name: 'Dice',
    description: 'Rolls dice on request.',
    vendor: { name: 'Example', url: 'https://example.com' },
    ...options,
    scopes: ['send_notification', 'view_room'],
  })

  addon.command(
    '/roll [dice] [reason...]',
    { description: 'Roll dice, for instance 2d6' },
    ({ args, sender }) => {
      const [, count = '1', sides = '6'] = /^(\d{0,2})d(\d{1,4})$/i.exec(args.dice ?? '1d6') ?? []
      if (args.dice && !/^(\d{0,2})d(\d{1,4})$/i.test(args.dice))
        return 'Say it like 2d6: two dice of six sides.'
      const rolled = Array.from(
        { length: Number(count || 1) },
        () => 1 + Math.floor(Math.random() * Number(sides)),
      )
      const total = rolled.reduce((sum, one) => sum + one, 0)
      const reason = args.reason.length > 0 ? ` for ${args.reason.join(' ')}` : ''
      return {
        message: `${sender?.name ?? 'Somebody'} rolled ${total}${reason} (${rolled.join(' + ')})`,
        message_format: 'text',
        color: 'purple',
      }
    },
  )

  addon.on('installed', async ({ room }) => {
    await room?.notify('Dice are on the table. Try /roll 2d6', { color: 'gray' })
  })

  return addon
}
