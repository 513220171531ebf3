import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type ESTree, parseSync } from 'vite'
import { describe, expect, it } from 'vitest'
import { root } from './markdown.ts'

/** Each operation has a summary, and handlers are those of the operations in the file of the same name. */
const hasSummaries = /^src\/(?:api\/operations|server\/rest)\//
const operationsOrHandlers = /Handlers$|^handlers$/

/** What the package exports: authors see the members of these interfaces in their editor. */
const entries = ['src/index.ts', 'src/server/index.ts', 'src/testing/index.ts']

/** Members of an interface that says what all of them are. */
const described = ['Duration']

interface Declared {
  readonly name: string
  readonly node: ESTree.Declaration
  readonly documented: boolean
}

interface Source {
  readonly declared: readonly Declared[]
  /** Names that it exports from other files, and the path of each. */
  readonly passedOn: readonly (readonly [name: string, file: string])[]
  readonly isDocumented: (node: ESTree.Node) => boolean
}

function read(file: string): Source {
  const text = readFileSync(join(root, file), 'utf8')
  const { program, comments } = parseSync(file, text)
  // A comment for the linter may stand between a doc comment and what it describes.
  const ends = comments
    .filter(({ type, value }) => type === 'Block' && value.startsWith('*'))
    .map(({ end }) => end + (/^(?:\s*\/\/.*\n)*\s*/.exec(text.slice(end))?.[0].length ?? 0))
  const isDocumented = (node: ESTree.Node): boolean => ends.includes(node.start)
  const declared: Declared[] = []
  const passedOn: [string, string][] = []
  for (const statement of program.body) {
    if (statement.type !== 'ExportNamedDeclaration') continue
    const { declaration, source, specifiers } = statement
    if (source)
      for (const { local } of specifiers)
        if (local.type === 'Identifier') passedOn.push([local.name, join(dirname(file), source.value)])
    if (!declaration) continue
    for (const name of namesOf(declaration))
      declared.push({ name, node: declaration, documented: isDocumented(statement) })
  }
  return { declared, passedOn, isDocumented }
}

function namesOf(declaration: ESTree.Declaration): string[] {
  if (declaration.type === 'VariableDeclaration')
    return declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []))
  return 'id' in declaration && declaration.id?.type === 'Identifier' ? [declaration.id.name] : []
}

const sources = new Map(
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
    .map((file) => join('src', file))
    .map((file) => [file, read(file)]),
)

/** `createQueues` is described by the interface `Queues` that it returns, if that is in the same file. */
function returnsDocumented({ name, node }: Declared, { declared }: Source): boolean {
  const type = node.type === 'FunctionDeclaration' ? node.returnType?.typeAnnotation : undefined
  if (!name.startsWith('create') || type?.type !== 'TSTypeReference' || type.typeName.type !== 'Identifier')
    return false
  const returned = type.typeName.name
  return declared.some((one) => one.name === returned && one.documented)
}

/** Exported names of a file without a doc comment. */
function undocumentedNames(file: string, source: Source): string[] {
  const found = source.declared.filter(
    (one) =>
      !one.documented &&
      // Of several signatures the first is documented.
      !source.declared.some((other) => other.name === one.name && other.documented) &&
      !returnsDocumented(one, source) &&
      !(hasSummaries.test(file) && isData(one)),
  )
  return found.map(({ name }) => name)
}

/** An operation, or a table of handlers. */
function isData({ name, node }: Declared): boolean {
  const value = node.type === 'VariableDeclaration' ? node.declarations[0]?.init : undefined
  const isOperation =
    value?.type === 'CallExpression' &&
    value.callee.type === 'Identifier' &&
    value.callee.name === 'operation'
  return isOperation || operationsOrHandlers.test(name)
}

/** Members without a doc comment of an interface. */
function undocumentedMembers({ name, node }: Declared, { isDocumented }: Source): string[] {
  if (node.type !== 'TSInterfaceDeclaration' || described.includes(name)) return []
  const members = node.body.body.flatMap((member) =>
    'key' in member && member.key.type === 'Identifier'
      ? [{ name: member.key.name, documented: isDocumented(member) }]
      : [],
  )
  return members
    .filter((one) => !members.some((other) => other.name === one.name && other.documented))
    .map((one) => `${name}.${one.name}`)
}

describe('doc comments', () => {
  it.each([...sources])('describe all that %s exports', (file, source) => {
    expect(undocumentedNames(file, source)).toEqual([])
  })

  // Members of interfaces between our own files say with name and type what they are, unless there is more to say.
  it.each(entries)('describe the members of the interfaces that %s exports', (entry) => {
    const source = sources.get(entry)
    const own = source?.declared.flatMap((one) => undocumentedMembers(one, source)) ?? []
    const passedOn = source?.passedOn.flatMap(([name, file]) => {
      const from = sources.get(file)
      return (
        from?.declared.filter((one) => one.name === name).flatMap((one) => undocumentedMembers(one, from)) ??
        []
      )
    })
    expect([...own, ...(passedOn ?? [])]).toEqual([])
  })
})
