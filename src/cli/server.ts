import { Command, InvalidArgumentError } from 'commander'
import { createHipChatServer } from '../server/index.ts'

interface Given {
  port: number
  host: string
  adminToken?: string
  data?: string
  publicUrl?: string
}

/** `hipchat-addon server`: the compatible server, until it is stopped. */
export function serverCommand(): Command {
  return new Command('server')
    .description('Runs a HipChat-compatible server.')
    .option('-p, --port <number>', 'port to listen on; 0 for any free one', readPort, 8080)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--admin-token <token>', "the administrator's access token; a random one is printed when absent")
    .option('--data <folder>', 'where its state is kept; in a temporary folder when absent')
    .option('--public-url <url>', 'address under which others reach it')
    .action(async (given: Given) => {
      const server = createHipChatServer(given)
      await server.listen()
      console.log(`HipChat-compatible server  ${server.url}`)
      console.log(`API                        ${server.apiUrl}`)
      console.log(`Administrator's token      ${given.adminToken ? '(as given)' : server.adminToken}`)
      console.log(`State                      ${given.data ?? 'temporary: gone when the server stops'}`)
      let closing = false
      for (const signal of ['SIGINT', 'SIGTERM'] as const)
        process.on(signal, () => {
          if (closing) return
          closing = true
          server.close().then(
            () => process.exit(0),
            (error: unknown) => {
              console.error(error)
              process.exit(1)
            },
          )
        })
    })
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('expected a number from 0 to 65535')
  return port
}
