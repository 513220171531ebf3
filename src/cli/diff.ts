import { Command, Option } from 'commander'
import { type Descriptor, descriptor } from '../api/descriptor.ts'
import { parseJson } from '../common/http.ts'
import { validate } from '../common/validate.ts'
import { wholeList } from '../common/whole-list.ts'
import { messageOf } from '../errors.ts'
import { administer, type Connection, onServer, roomBy } from './connection.ts'
import { descriptorUrl, readDescriptor } from './descriptor-source.ts'
import { type Difference, differences } from './differences.ts'
import { oneLine } from './table.ts'
import { UnansweredError, UsageError } from './usage.ts'

interface Given extends Connection {
  readonly room?: string
}

interface Compared {
  readonly key: string
  readonly oauthId: string
  readonly differences: readonly Difference[]
  /** Scopes that the add-on now asks for but does not have, so that the update must be approved. */
  readonly newScopes: readonly string[]
}

const examples = `
Examples:
  hipchat-addon diff https://deploys.example.com/atlassian-connect.json --token secret --room Lobby
  hipchat-addon diff http://localhost:3000/ --token secret --json || hipchat-addon install http://localhost:3000/ …

Exit codes:
  0  the same
  1  they differ
  2  wrong arguments, or one of the descriptors cannot be read`

/** `hipchat-addon diff`: compares the installed descriptor with the one that is served now. */
export function diffCommand(): Command {
  return onServer(
    new Command('diff')
      .description('Compares the installed descriptor with the one that is served now.')
      .argument('<descriptor-url>', "address of the add-on's descriptor", descriptorUrl),
    'an administrator of the group',
  )
    .addOption(new Option('--room <id-or-name>', 'room where it is installed; default: the whole group'))
    .addHelpText('after', examples)
    .action(async (url: string, given: Given) => {
      const compared = await compare(url, given).catch((error: unknown) => {
        throw error instanceof UsageError ? error : new UnansweredError(messageOf(error))
      })
      const same = compared.differences.length === 0
      if (given.json) console.log(JSON.stringify({ same, ...compared }))
      else for (const line of linesOf(compared)) console.log(line)
      process.exitCode = same ? 0 : 1
    })
}

async function compare(url: string, given: Given): Promise<Compared> {
  const served = await descriptorAt(url)
  const room = given.room === undefined ? undefined : await roomBy(given, given.room)
  const items = await wholeList((more) => administer(given, 'listInstallations', more))
  const found = items.find(
    ({ key, roomId, status }) => key === served.key && roomId === (room?.id ?? null) && status === 'live',
  )
  if (!found) {
    const where = room ? `in ${room.name}` : 'for the whole group'
    const others = items.some(({ key }) => key === served.key) ? ', only elsewhere (see list)' : ''
    throw new Error(`${served.key} is not installed ${where}${others}`)
  }
  const { oauthId, scopes, document } = await administer(given, 'getInstallation', { oauthId: found.oauthId })
  const asked = new Set<string>(served.capabilities?.hipchatApiConsumer?.scopes)
  return {
    key: served.key,
    oauthId,
    differences: differences(document, served),
    newScopes: [...asked].filter((scope) => !scopes.includes(scope)),
  }
}

async function descriptorAt(url: string): Promise<Descriptor> {
  const checked = validate(descriptor, parseJson(await readDescriptor(url)))
  if (!checked.ok) throw new Error(`the descriptor at ${url} is not valid: ${checked.problem.message}`)
  return checked.value
}

function* linesOf({ key, differences: found, newScopes }: Compared): Generator<string> {
  if (found.length === 0) yield `The installed descriptor of ${key} is the one that is served`
  for (const { kind, path, before, after } of found) {
    const values = [...(kind === 'added' ? [] : [before]), ...(kind === 'removed' ? [] : [after])].map(shown)
    const isNew = newScopes.some((scope) => path === `capabilities.hipchatApiConsumer.scopes[${scope}]`)
    yield oneLine(`${kind.padEnd(7)}  ${path}  ${values.join(' -> ')}${isNew ? '  (a new scope)' : ''}`)
  }
  if (newScopes.length > 0)
    yield `An update asks for scopes that the add-on does not have: ${newScopes.join(', ')}`
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? ''
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}
