import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename } from 'node:path'
import { succeed } from '../scaffolder/support.ts'
import { configuredRegistry } from './registry.ts'

export interface LocalRegistry {
  /** For npm's `registry` setting; ends in a slash. */
  readonly url: string
  close(): Promise<void>
}

interface Published {
  /** What npm requests for a package, in the form of the registry's API. */
  readonly document: (origin: string) => object
  readonly file: string
  readonly content: Buffer
}

/**
 * A registry on this machine that has the packages of the tarballs, in one version each, as `latest`. For all others it redirects npm
 * to the registry that npm is configured with. It starts at once, and accepts nothing: publishing is proven with
 * a complete registry (`registry.ts`).
 */
export async function startLocalRegistry(tarballs: readonly string[], port = 0): Promise<LocalRegistry> {
  const elsewhere = await configuredRegistry()
  const packages = new Map(tarballs.map(publish))
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
    const [name = '', file] = path.slice(1).split('/-/')
    const found = packages.get(name)
    if (found === undefined) {
      response.writeHead(307, { location: new URL(`.${request.url}`, elsewhere).href }).end()
    } else if (file === undefined) {
      const body = JSON.stringify(found.document(`http://${request.headers.host}`))
      response.writeHead(200, { 'content-type': 'application/json' }).end(body)
    } else if (file === found.file) {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(found.content)
    } else {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => void server.close(() => resolve()))
    },
  }
}

function publish(tarball: string): [name: string, published: Published] {
  const content = readFileSync(tarball)
  const manifest = JSON.parse(succeed('tar', ['-xzOf', tarball, 'package/package.json']))
  const { name, version } = manifest
  const file = basename(tarball)
  const integrity = `sha512-${createHash('sha512').update(content).digest('base64')}`
  const document = (origin: string) => ({
    name,
    'dist-tags': { latest: version },
    versions: {
      [version]: { ...manifest, dist: { integrity, tarball: `${origin}/${name}/-/${file}` } },
    },
  })
  return [name, { document, file, content }]
}
