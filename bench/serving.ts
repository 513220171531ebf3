/**
 * One load on the compatible server, in its own process so that it can have its own core. Prints the result
 * as JSON.
 */
import { createServer } from 'node:http'
import autocannon from 'autocannon'

export type Serving = { readonly api: string; readonly token: string; readonly seconds: number } & (
  | { readonly kind: 'history' }
  /** Messages into so many rooms, with so many add-ons installed in each. */
  | { readonly kind: 'talk'; readonly addons: number; readonly rooms: number }
)

const serving = JSON.parse(process.argv[2] ?? '{}') as Serving // written by server.ts
const headers = { authorization: `Bearer ${serving.token}`, 'content-type': 'application/json' }

async function post(path: string, body: object): Promise<void> {
  const response = await fetch(serving.api + path, { method: 'POST', headers, body: JSON.stringify(body) })
  await response.arrayBuffer()
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
}

async function readHistory(): Promise<object> {
  const url = `${serving.api}/room/Room%200/history?max-results=100`
  const result = await autocannon({ url, connections: 8, duration: serving.seconds, headers })
  return {
    perSecond: result.requests.average,
    p99: result.latency.p99,
    refused: result.non2xx + result.errors,
  }
}

/** Sends messages in bursts; each ends when the last delivery has arrived, so that nothing is dropped. */
async function talk(addons: number, rooms: number): Promise<object> {
  let delivered = 0
  const sink = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    request.resume().on('end', () => {
      if (pathname.startsWith('/descriptor/')) {
        const key = `com.example.addon${pathname.slice('/descriptor/'.length)}`
        response.end(JSON.stringify(descriptorOf(key)))
        return
      }
      if (pathname === '/hook') delivered += 1
      response.statusCode = 204
      response.end()
    })
  })
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
  const address = sink.address()
  const own = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const descriptorOf = (key: string) => ({
    key,
    name: key,
    description: 'Listens',
    links: { self: own },
    capabilities: {
      installable: { callbackUrl: `${own}/installed` },
      hipchatApiConsumer: { scopes: [] },
      webhook: { event: 'room_message', url: `${own}/hook`, authentication: 'jwt' },
    },
  })
  for (let room = 0; room < rooms; room += 1)
    for (let addon = 0; addon < addons; addon += 1)
      await post('/addon', { url: `${own}/descriptor/${addon}`, room_id: `Room ${room}` })

  const burst = 320
  let said = 0
  async function sayBurst(): Promise<void> {
    let left = burst
    const lane = async (): Promise<void> => {
      while (left > 0) {
        left -= 1
        said += 1
        await post(`/room/Room%20${said % rooms}/message`, { message: 'x'.repeat(200) })
      }
    }
    await Promise.all(Array.from({ length: 32 }, lane))
    while (delivered < said * addons) await new Promise(setImmediate)
  }
  await sayBurst() // warm
  const before = said
  const started = performance.now()
  while (performance.now() - started < serving.seconds * 1000) await sayBurst()
  const perSecond = ((said - before) / (performance.now() - started)) * 1000
  sink.close()
  sink.closeAllConnections()
  return { perSecond }
}

const measured = serving.kind === 'history' ? await readHistory() : await talk(serving.addons, serving.rooms)
console.log(JSON.stringify(measured))
process.exit(0)
