import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { planted } from '../leaks/planted.ts'

type Route = (request: IncomingMessage, response: ServerResponse) => unknown

/** Secret of `client-1`, the installation that an impostor names by default. */
export const impostorSecret = planted('secret-of-client-1')

/**
 * A server that poses as a HipChat server and does what a real one would not. Every route can be replaced;
 * `asked` has the requested methods and paths.
 */
export async function startImpostor(routes: Readonly<Record<string, Route>> = {}, host = '127.0.0.1') {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? ''
    asked.push(`${request.method} ${path}`)
    const route = routes[path] ?? defaults[path]
    if (route) route(request, response)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // it listens on a port
  const url = `http://${host}:${port}`

  const defaults: Record<string, Route> = {
    '/v2/capabilities': (_, response) => json(response, document(url)),
    '/v2/oauth/token': (_, response) =>
      json(response, {
        access_token: planted('token'),
        expires_in: 3600,
        scope: 'send_notification',
        token_type: 'bearer',
      }),
  }
  return {
    url,
    port,
    asked,
    record: (over: object = {}) => ({
      oauthId: 'client-1',
      oauthSecret: impostorSecret,
      capabilitiesUrl: `${url}/v2/capabilities`,
      groupId: 1,
      roomId: 1,
      ...over,
    }),
  }
}

export const json = (response: ServerResponse, body: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** A capabilities document for a server at `url`. */
export const document = (
  url: string,
  over: { self?: string; tokenUrl?: string; apiUrl?: string; homepage?: string } = {},
) => ({
  name: 'HipChat',
  links: {
    self: over.self ?? `${url}/v2/capabilities`,
    ...(over.homepage === undefined ? {} : { homepage: over.homepage }),
  },
  capabilities: {
    hipchatApiProvider: { url: over.apiUrl ?? `${url}/v2/` },
    oauth2Provider: { tokenUrl: over.tokenUrl ?? `${url}/v2/oauth/token` },
  },
})
