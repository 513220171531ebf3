import { type AddonOptions, createAddon } from 'hipchat-addon'

export function createGreeter(options: Partial<AddonOptions> = {}) {
  const addon = createAddon({
    key: 'com.example.greeter',
    name: 'Greeter',
    description: 'Greets who comes in',
    ...options,
    scopes: ['send_notification'],
  })
  addon.webhook('room_enter', ({ sender }) => `Welcome, ${sender?.name}!`)
  addon.command('/hello', ({ sender }) => `Hello, ${sender?.name}!`)
  return addon
}
