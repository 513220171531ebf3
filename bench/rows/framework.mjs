// This framework, as it is published. Arguments: the store, and `undurable` to keep no deliveries.
import { openAddon } from './addon.mjs'

const [store, durable] = process.argv.slice(2)
const { url } = await openAddon(store, { durable: durable !== 'undurable' })
process.send({
  url,
  path: '/webhook/hook',
  descriptor: '/atlassian-connect.json',
  install: '/installable',
  scheme: 'jwt',
})
