// This framework, as it is published, with the store named in the first argument.
import { openAddon } from './addon.mjs'

const { url } = await openAddon(process.argv[2])
process.send({
  url,
  path: '/webhook/hook',
  descriptor: '/atlassian-connect.json',
  install: '/installable',
  scheme: 'jwt',
})
