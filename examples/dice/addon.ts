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
    { description: 'Roll dice, for example 2d6' },
    ({ args, sender }) => {
      const dice = parseDice(args.dice ?? '1d6')
      if (!dice) return 'Write dice like 2d6: two dice with six sides.'
      const rolled = Array.from({ length: dice.count }, () => 1 + Math.floor(Math.random() * dice.sides))
      const total = rolled.reduce((sum, one) => sum + one, 0)
      const words = [sender?.name ?? 'Someone', 'rolled', total, ...args.reason]
      if (rolled.length > 1) words.push(`(${rolled.join(' + ')})`)
      return { message: words.join(' '), message_format: 'text', color: 'purple' }
    },
  )

  addon.on('installed', async ({ room }) => {
    await room?.notify('Dice are on the table. Try /roll 2d6', { color: 'gray' })
  })

  return addon
}

function parseDice(text: string): { count: number; sides: number } | undefined {
  const [, count, sides] = /^([1-9]\d?)?d([1-9]\d{0,3})$/i.exec(text) ?? []
  return sides === undefined ? undefined : { count: Number(count ?? 1), sides: Number(sides) }
}
