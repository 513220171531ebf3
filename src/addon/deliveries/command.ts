import { typeName } from '../../common/validate.ts'
import { ConfigurationError } from '../../errors.ts'
import { splitWords } from './quoting.ts'

/**
 * A slash command: `/name <required> [optional] [rest...]`. Any kind of whitespace separates arguments; any
 * kind of quotation marks can enclose an argument that contains whitespace.
 */
export interface Command {
  /** Without the slash, in lower case. */
  readonly name: string
  /** As the author wrote it; shown by help. */
  readonly usage: string
  readonly description: string
  readonly parameters: readonly Parameter[]
  /** Matches a message that starts with the command; the first group is everything after it. */
  readonly pattern: RegExp
}

/** A parameter in the usage of a command. */
export interface Parameter {
  readonly name: string
  readonly kind: 'required' | 'optional' | 'rest'
}

type Split<Text extends string> = Text extends `${infer Head} ${infer Tail}` ? Head | Split<Tail> : Text

type Required<Usage extends string> =
  Split<Usage> extends infer Word ? (Word extends `<${infer Name}>` ? Name : never) : never

type Rest<Usage extends string> =
  Split<Usage> extends infer Word ? (Word extends `[${infer Name}...]` ? Name : never) : never

type Optional<Usage extends string> =
  Split<Usage> extends infer Word
    ? Word extends `[${string}...]`
      ? never
      : Word extends `[${infer Name}]`
        ? Name
        : never
    : never

/**
 * Arguments of a command by their names, typed by its usage: `<required>` is a string, `[optional]` a string or
 * `undefined`, `[rest...]` a list of strings, which may be empty.
 */
export type Arguments<Usage extends string> = string extends Usage
  ? Record<string, string | string[] | undefined>
  : { readonly [Name in Required<Usage>]: string } & { readonly [Name in Optional<Usage>]?: string } & {
      readonly [Name in Rest<Usage>]: string[]
    }

/** The arguments of a command, or why they are not valid. */
export type ParsedArguments =
  | { readonly ok: true; readonly args: Record<string, string | string[] | undefined> }
  /** Error message for the person who typed the command. */
  | { readonly ok: false; readonly fault: string }

/**
 * Parses a usage such as `/roll <dice> [note...]`. Throws a {@link ConfigurationError} that names the invalid
 * part.
 */
export function parseUsage(usage: string, description: string): Command {
  if (typeof usage !== 'string')
    throw new ConfigurationError(`command: expected a usage such as '/roll [dice]', got ${typeName(usage)}`)
  const [head = '', ...words] = usage.trim().split(/\s+/)
  const name = /^\/([a-z0-9][a-z0-9_-]*)$/i.exec(head)?.[1]
  if (!name)
    throw new ConfigurationError(
      `command: expected a name such as /roll, made of letters, digits, - and _; got ${JSON.stringify(head)}`,
    )
  const parameters: Parameter[] = []
  for (const word of words) {
    const parameter = parseParameter(word)
    if (!parameter)
      throw new ConfigurationError(
        `command ${head}: expected <required>, [optional] or [rest...], got ${JSON.stringify(word)}`,
      )
    if (parameters.some((other) => other.name === parameter.name))
      throw new ConfigurationError(`command ${head}: two arguments are called ${parameter.name}`)
    const last = parameters.at(-1)
    if (last?.kind === 'rest')
      throw new ConfigurationError(`command ${head}: nothing can follow [${last.name}...]`)
    if (last?.kind === 'optional' && parameter.kind === 'required')
      throw new ConfigurationError(
        `command ${head}: the required <${parameter.name}> cannot follow the optional [${last.name}]`,
      )
    parameters.push(parameter)
  }
  return {
    name: name.toLowerCase(),
    usage: usage.trim(),
    description,
    parameters,
    pattern: new RegExp(`^\\/${name}(?:\\s+([\\s\\S]*))?$`, 'i'),
  }
}

function parseParameter(word: string): Parameter | undefined {
  const parts = /^(?:<(\w+)>|\[(\w+)(\.\.\.)?\])$/.exec(word)
  if (!parts) return undefined
  const [, required, optional, dots] = parts
  if (required) return { name: required, kind: 'required' }
  return { name: optional ?? '', kind: dots ? 'rest' : 'optional' }
}

/** Splits what was typed after the command into its arguments. */
export function parseArguments(command: Command, text: string): ParsedArguments {
  const words = splitWords(text)
  if (!words) return { ok: false, fault: 'A quotation mark is not closed.' }
  const args: Record<string, string | string[] | undefined> = {}
  for (const parameter of command.parameters) {
    if (parameter.kind === 'rest') args[parameter.name] = words.splice(0)
    else {
      const word = words.shift()
      if (word === undefined && parameter.kind === 'required')
        return { ok: false, fault: `<${parameter.name}> is missing.` }
      args[parameter.name] = word
    }
  }
  if (words.length > 0) return { ok: false, fault: `Unexpected: “${words.join(' ')}”.` }
  return { ok: true, args }
}

/** The answer to `/name help`. */
export const helpText = (command: Command): string =>
  command.description ? `${command.usage} – ${command.description}` : command.usage
