import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { isSecret } from './search.ts'

/** The traffic on the connections that this process opens. */
export interface Witness<Place> {
  /** The test that makes a request; read when the request is made, since the answer may end in another test. */
  place(): Place
  /** An answer, or a part of one, with the method and path it answers. */
  answer(place: Place, label: string, text: string): void
  secret(text: string): void
}

const requestLine = /^([A-Z]+) (\S+) HTTP\/1\.\d\r\n/

/** Longest piece kept before it is passed on; a secret at the seam is in the next one too. */
const LONGEST = 256 * 1024
const SEAM = 256

/**
 * Inspects every connection that this process opens, whatever opened it: what is sent shows which strings are secrets, and
 * what comes back must not contain any. Connections that do not speak HTTP are ignored: a store receives secrets.
 */
export function watchConnections<Place>(witness: Witness<Place>): { flush(): void } {
  const open = new Set<() => void>()

  function watch(socket: Socket): void {
    let asked: { readonly place: Place; readonly label: string } | undefined
    let text = ''

    const flush = (seam = 0): void => {
      if (asked && text !== '') {
        for (const secret of secretsInAnswer(text)) witness.secret(secret)
        witness.answer(asked.place, asked.label, text)
      }
      text = seam === 0 ? '' : text.slice(-seam)
    }
    function sent(text: string): void {
      const [, method, target = ''] = requestLine.exec(text) ?? []
      if (method) {
        flush()
        asked = { place: witness.place(), label: `${method} ${target.split('?')[0]}` }
      }
      if (asked) for (const secret of secretsInRequest(text)) witness.secret(secret)
    }
    // Not `write`: `connect` puts the prototype's own one back.
    const { _write, _writev, push } = socket
    socket._write = function (this: Socket, ...all) {
      sent(textOf(all[0]))
      _write.apply(this, all)
    }
    socket._writev = function (this: Socket, ...all) {
      sent(all[0].map(({ chunk }) => textOf(chunk)).join(''))
      _writev?.apply(this, all)
    }
    socket.push = function (this: Socket, chunk: unknown, encoding?: BufferEncoding) {
      if (asked && chunk !== null) {
        text += textOf(chunk)
        if (text.length > LONGEST) flush(SEAM)
      }
      return push.call(this, chunk, encoding)
    }
    const end = (): void => {
      flush()
      open.delete(end)
    }
    open.add(end)
    socket.once('close', end)
  }

  subscribe('net.client.socket', (message) => watch((message as { socket: Socket }).socket))
  return {
    flush() {
      for (const end of open) end()
    },
  }
}

const textOf = (chunk: unknown): string => {
  if (typeof chunk === 'string') return chunk
  return chunk instanceof Uint8Array ? Buffer.from(chunk).toString('utf8') : ''
}

const member = /"(?:oauthSecret|access_token|refresh_token|password)"\s*:\s*"((?:[^"\\]|\\.)*)"/g

const inRequests = [
  member,
  /^authorization: bearer (\S+)/gim,
  /[?&]auth_token=([^&\s]+)/g,
  /(?:^|&)(?:password|refresh_token)=([^&\s]+)/gm,
  /\/installable\/([A-Za-z0-9]{30,}) HTTP/g,
]

function secretsInRequest(text: string): string[] {
  const found = inRequests.flatMap((pattern) => [...text.matchAll(pattern)].map(([, secret = '']) => secret))
  for (const [, basic = ''] of text.matchAll(/^authorization: basic (\S+)/gim)) {
    const decoded = Buffer.from(basic, 'base64').toString('utf8')
    found.push(basic, decoded.slice(decoded.indexOf(':') + 1))
  }
  return found.filter(isSecret)
}

const secretsInAnswer = (text: string): string[] =>
  /^HTTP\/1\.\d 2/.test(text)
    ? [...text.matchAll(member)].map(([, secret = '']) => secret).filter(isSecret)
    : []
