import { type AddonOptions, createAddon } from 'hipchat-addon'

/** Greets people who enter the room, and answers `/hello`. */
export function createGreeter(options: Partial<AddonOptions> = {}) {
  const addon = createAddon({
    key: 'com.example.my-addon',
    name: 'My addon',
    description: 'Greets people who enter the room.',
    vendor: { name: 'Example', url: 'https://example.com' },
    ...options,
    // What the add-on may do. A call that no scope allows does not compile.
    scopes: ['send_notification'],
  })

  addon.command('/hello [name...]', { description: 'Say hello to someone' }, ({ args, sender }) => {
    const name = args.name.join(' ') || sender?.name
    return `Hello, ${name}!`
  })

  addon.webhook('room_enter', async ({ sender, store }) => {
    const visits = await store.update<number>(`visits:${sender?.id}`, (before = 0) => before + 1)
    return visits === 1 ? `Welcome, ${sender?.name}!` : `Welcome back, ${sender?.name}.`
  })

  addon.on('installed', async ({ room }) => {
    await room?.notify('Here I am. Try /hello', { color: 'green' })
  })

  return addon
}
