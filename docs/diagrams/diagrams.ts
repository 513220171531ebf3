import type { Diagram } from './draw.ts'

const [server, addon, store, handler] = [0, 1, 2, 3]

/** The lanes of what happens between a server and a handler. */
const lanes = [
  { name: 'server', x: 60 },
  { name: 'add-on', x: 320 },
  { name: 'store', x: 500 },
  { name: 'your handler', x: 615 },
]

/** The diagrams of `docs/explanation/request-path.md`, which explains each step under its number here. */
export const diagrams: Readonly<Record<string, Diagram>> = {
  delivery: {
    title: 'From a message in a room to the answer of an add-on',
    lanes,
    steps: [
      { from: server, to: addon, text: 'POST /webhook/KEY, signed' },
      { at: addon, text: ['reads the one token of', 'the request'] },
      { from: addon, to: store, text: 'installation of iss?' },
      { at: addon, text: ['verifies signature, times', 'and the room of the token'] },
      { at: addon, text: ['reads the body, and checks it', 'against event and token'] },
      { at: addon, text: ['is it for this handler, and', 'below maxDeliveries?'] },
      { from: addon, to: store, text: 'claims the token’s id' },
      { at: addon, text: ['waits for its turn in the room'] },
      { from: addon, to: handler, text: 'middleware, then handler(context)' },
      { from: addon, to: server, text: '200 with the answer, for the room', answer: true },
    ],
  },

  call: {
    title: 'From a call of a handler to its result',
    lanes,
    steps: [
      { from: handler, to: addon, text: 'a call, such as room.getRoom()' },
      { at: addon, text: ['does the installation have', 'the scope and the room?'] },
      { from: addon, to: store, text: 'access token?' },
      { from: addon, to: server, text: 'if none: POST /oauth/token' },
      { at: addon, text: ['waits if the limit is used up'] },
      { from: addon, to: server, text: 'the call, with the access token' },
      { from: server, to: addon, text: 'the answer, and the limits left', answer: true },
      { from: addon, to: handler, text: 'its result, validated', answer: true },
    ],
  },

  'installation-by-server': {
    title: 'An installation by the server',
    lanes: [
      { name: 'server', x: 60 },
      { name: 'add-on', x: 340 },
      { name: 'store', x: 500 },
      { name: 'your hooks', x: 615 },
    ],
    steps: [
      { from: server, to: addon, text: 'GET /atlassian-connect.json' },
      { at: server, text: ['an admin approves the scopes'] },
      { from: server, to: addon, text: 'POST /installable: id and secret' },
      { at: addon, text: ['is it known already, and may', 'it be installed there?'] },
      { from: addon, to: server, text: 'GET capabilitiesUrl, if allowed' },
      { from: addon, to: server, text: 'POST /oauth/token: are they valid?' },
      { from: addon, to: store, text: 'writes, unconfirmed' },
      { from: addon, to: handler, text: 'replaced, then installed' },
      { from: addon, to: store, text: 'confirms' },
      { from: addon, to: server, text: '200: it is installed', answer: true },
    ],
  },

  'installation-by-browser': {
    title: 'An installation by the browser',
    lanes: [
      { name: 'browser', x: 60 },
      { name: 'add-on', x: 340 },
      { name: 'server', x: 600 },
    ],
    steps: [
      { from: 2, to: 0, text: 'a redirect, when the scopes are approved', answer: true },
      { from: 0, to: 1, text: 'GET /installed?installable_url=…' },
      { at: 1, text: ['does redirect_url lead to an', 'allowed host?'] },
      { from: 1, to: 2, text: 'GET installable_url, once' },
      { from: 2, to: 1, text: 'id and secret', answer: true },
      { at: 1, text: ['then as by server: steps 4 to', '9 of the picture above'] },
      { from: 1, to: 0, text: 'a redirect to redirect_url', answer: true },
      { from: 0, to: 2, text: 'the administrator is back' },
    ],
  },

  page: {
    title: 'A page or a glance, from the click to its content',
    lanes: [
      { name: 'chat page', x: 60 },
      { name: 'server', x: 230 },
      { name: 'add-on', x: 400 },
      { name: 'your handler', x: 610 },
    ],
    steps: [
      { from: 0, to: 1, text: 'where is KEY?' },
      { from: 1, to: 0, text: 'signed, for me', answer: true },
      { from: 0, to: 2, text: 'GET /page/KEY or GET /glance/KEY, signed' },
      { at: 2, text: ['verifies it like a delivery'] },
      { at: 2, text: ['below maxDeliveries?'] },
      { from: 2, to: 3, text: 'handler(context)' },
      { from: 3, to: 2, text: 'html, or the content', answer: true },
      { from: 2, to: 0, text: 'the page, with a session token; or JSON', answer: true },
      { from: 0, to: 2, text: 'calls of the page, with the session token' },
      { from: 2, to: 3, text: 'to your route, as a session' },
    ],
  },
}
