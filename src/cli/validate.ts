import { Command } from 'commander'
import { parseJson } from '../common/http.ts'
import { type Checked, checkDescriptor } from './descriptor-check.ts'
import { isAddress, readDescriptor } from './descriptor-source.ts'

const examples = `
Examples:
  hipchat-addon validate atlassian-connect.json
  hipchat-addon validate https://deploys.example.com/atlassian-connect.json
  node print-descriptor.js | hipchat-addon validate - --json

Exit codes:
  0  valid, with warnings or without
  1  not valid
  2  wrong arguments, or the descriptor cannot be read`

/** `hipchat-addon validate`: reports what is wrong with a descriptor before a server does. */
export function validateCommand(): Command {
  return new Command('validate')
    .description("Checks a descriptor against HipChat's schema, and for other mistakes.")
    .argument('<file-or-url>', 'the descriptor; - for standard input')
    .option('--json', 'print the problems as JSON')
    .addHelpText('after', examples)
    .action(async (source: string, given: { json?: boolean }) => {
      const checked = check(await readDescriptor(source), source)
      const valid = checked.errors.length === 0
      if (given.json) console.log(JSON.stringify({ valid, source, ...checked }))
      else for (const line of linesOf(checked)) console.log(line)
      process.exitCode = valid ? 0 : 1
    })
}

function check(text: string, source: string): Checked {
  const document = parseJson(text)
  if (document === undefined)
    return { errors: [{ field: '', message: 'the descriptor is not JSON' }], warnings: [], complete: false }
  return checkDescriptor(document, isAddress(source) ? source : undefined)
}

function* linesOf({ errors, warnings, complete }: Checked): Generator<string> {
  for (const { message } of errors) yield `error    ${message}`
  for (const { message } of warnings) yield `warning  ${message}`
  const count = [counted(errors.length, 'error'), counted(warnings.length, 'warning')].filter(Boolean)
  yield [errors.length > 0 ? 'Not valid' : 'Valid', ...count].join(', ')
  if (!complete) yield 'Checks beyond the schema are made once the descriptor is valid by the schema.'
}

const counted = (count: number, what: string): string =>
  count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`
