import { hash } from 'node:crypto'
import { messageOf } from '../../errors.ts'
import type { RedisRouting } from './routing.ts'

/** A Lua script. All its keys must be in one slot of a cluster. */
export interface Script {
  readonly text: string
  /** Its name in Redis. */
  readonly sha1: string
}

/** Creates a script from its text. */
export const createScript = (text: string): Script => ({ text, sha1: hash('sha1', text) })

/**
 * Runs a script on the server of its first key. Its text is only sent if the server does not know it, because it is new or was
 * started again.
 */
export async function runScript(
  run: RedisRouting['run'],
  script: Script,
  keys: readonly string[],
  arguments_: readonly string[],
): Promise<unknown> {
  const [key = ''] = keys
  const options = { keys: [...keys], arguments: [...arguments_] }
  try {
    return await run(key, (client) => client.evalSha(script.sha1, options))
  } catch (error) {
    if (!messageOf(error).startsWith('NOSCRIPT')) throw error
    return run(key, (client) => client.eval(script.text, options))
  }
}
