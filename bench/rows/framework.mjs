// This framework, as it is published, with the store named in the first argument.
import { pathToFileURL } from 'node:url'

const { createAddon } = await import(pathToFileURL(process.env.BENCH_PACKAGE))
const addon = createAddon({
  key: 'com.example.bench',
  name: 'Bench',
  description: 'Measured',
  scopes: ['send_notification'],
  store: process.argv[2],
  log: false,
})
addon.webhook('room_message', { key: 'hook' }, () => {})
const { url } = await addon.listen()
process.send({
  url,
  path: '/webhook/hook',
  descriptor: '/atlassian-connect.json',
  install: '/installable',
  scheme: 'jwt',
})
