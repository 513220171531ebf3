// The parts of HipChat that the benchmark needs, in its own process. Sends its address; `exchanges` asks for the number of
// issued tokens.
import { createServer } from 'node:http'

let exchanges = 0

const token = () => {
  exchanges += 1
  return {
    access_token: `token-${exchanges}`,
    expires_in: 3600,
    scope: 'send_notification view_room',
    token_type: 'bearer',
    group_id: 1,
    group_name: 'g',
  }
}

const capabilities = (url) => ({
  name: 'HipChat',
  links: { self: `${url}/v2/capabilities`, api: `${url}/v2`, homepage: url },
  capabilities: {
    hipchatApiProvider: { url: `${url}/v2/` },
    oauth2Provider: { tokenUrl: `${url}/v2/oauth/token` },
  },
})

const room = (url) => ({
  id: 1,
  name: 'Lobby',
  topic: 'x'.repeat(200),
  privacy: 'public',
  is_archived: false,
  is_guest_accessible: false,
  guest_access_url: null,
  created: '2017-03-01T10:15:07.204518+00:00',
  last_active: null,
  xmpp_jid: '1_lobby@conf.example.net',
  version: 'Q7M2ZK0D',
  avatar_url: null,
  delegate_admin_visibility: null,
  owner: {
    id: 2,
    name: 'Ines Brandt',
    mention_name: 'Ines',
    version: 'Q7M2ZK0D',
    links: { self: `${url}/v2/user/2` },
  },
  participants: [],
  statistics: { links: { self: `${url}/v2/room/1/statistics` } },
  links: {
    self: `${url}/v2/room/1`,
    webhooks: `${url}/v2/room/1/webhook`,
    participants: `${url}/v2/room/1/participant`,
    members: `${url}/v2/room/1/member`,
  },
})

const server = createServer((request, response) => {
  const url = `http://${request.headers.host}`
  request.resume().on('end', () => {
    response.setHeader('content-type', 'application/json')
    if (request.url === '/v2/oauth/token') response.end(JSON.stringify(token()))
    else if (request.url === '/v2/capabilities') response.end(JSON.stringify(capabilities(url)))
    else response.end(JSON.stringify(room(url)))
  })
})
process.on('message', () => process.send({ exchanges }))
process.on('disconnect', () => process.exit())
// Always the same port: stores record where an installation came from.
server.listen(Number(process.argv[2]), '127.0.0.1', () =>
  process.send({ url: `http://127.0.0.1:${server.address().port}` }),
)
