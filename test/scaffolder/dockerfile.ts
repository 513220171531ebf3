import { type Copy, DockerfileParser, type From, type Instruction } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'

/** One stage of a Dockerfile, in the order of its instructions. */
export interface Stage {
  readonly name: string | undefined
  readonly image: { readonly name: string; readonly tag: string }
  readonly instructions: readonly Instruction[]
}

export function stagesOf(dockerfile: string): Stage[] {
  const stages: (Stage & { instructions: Instruction[] })[] = []
  for (const instruction of DockerfileParser.parse(dockerfile).getInstructions())
    if (instruction.getKeyword() === 'FROM') {
      const from = instruction as From // its keyword says so
      const image = { name: from.getImageName() ?? '', tag: from.getImageTag() ?? '' }
      stages.push({ name: from.getBuildStage() ?? undefined, image, instructions: [] })
    } else stages.at(-1)?.instructions.push(instruction)
  return stages
}

/** The last instruction of a kind: the one that counts. */
export const last = (stage: Stage, keyword: string): Instruction | undefined =>
  stage.instructions.findLast((instruction) => instruction.getKeyword() === keyword)

/** What is run by CMD or HEALTHCHECK, if it is written as a list of words; a text would need a shell. */
export function wordsOf(instruction: Instruction | undefined): string[] | undefined {
  const written = instruction?.getRawArgumentsContent()?.replace(/^[^[]*\bCMD\s+/, '') ?? ''
  try {
    const words: unknown = JSON.parse(written)
    return Array.isArray(words) ? words.map(String) : undefined
  } catch {
    return undefined
  }
}

/** From where COPY takes what, and whereto. */
export function copied(instruction: Instruction) {
  const words = instruction.getArguments().map((word) => word.getValue())
  // Its keyword says so.
  const from = (instruction as Copy).getFromFlag()?.getValue() ?? undefined
  return { from, sources: words.slice(0, -1), target: words.at(-1) ?? '.' }
}

/** Reads a `.dockerignore`, as far as templates use it: names and `*` at the top. Says what stays outside. */
export function ignoredBy(dockerignore: string): (path: string) => boolean {
  const lines = dockerignore.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  for (const line of lines)
    if (/[!?[\\/]|\*\*/.test(line)) throw new Error(`.dockerignore: ${line} is more than this can read`)
  const patterns = lines.map(pattern)
  return (path) => patterns.some((one) => one.test(path.split('/')[0] ?? ''))
}

/** The paths that a source of COPY stands for. */
export const matching = (source: string, paths: readonly string[]): string[] => {
  const wanted = pattern(source.replace(/^\.\//, ''))
  return source === '.'
    ? [...paths]
    : paths.filter((path) => wanted.test(path) || path.startsWith(`${source}/`))
}

const pattern = (written: string): RegExp =>
  new RegExp(`^${written.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`)

/** A project that an image is built from. */
export interface Context {
  readonly dockerignore: string
  /** Paths of its files, before anything is installed or built. */
  readonly files: readonly string[]
  /** The lowest major of Node that it runs on. */
  readonly leastNode: number
}

/**
 * What is wrong with the Dockerfile of a project. The linter knows the language; the rest is what makes an image that starts,
 * is nobody's root, and says whether it is well.
 */
export function faultsOf(dockerfile: string, context: Context): string[] {
  const faults = validate(dockerfile).map(
    ({ message, range }) =>
      `line ${range.start.line + 1}: ${typeof message === 'string' ? message : message.value}`,
  )
  const stages = stagesOf(dockerfile)
  const final = stages.at(-1)
  if (!final) return faults
  if (stages.length < 2) faults.push('what builds is in the image that runs: expected a stage of its own')
  return [
    ...faults,
    ...stages.flatMap((stage, index) => [
      ...imageFaults(stage, context),
      ...copyFaults(stage, stages.slice(0, index), context),
    ]),
    ...runFaults(final, context),
  ]
}

function* imageFaults({ image: { name, tag } }: Stage, { leastNode }: Context): Generator<string> {
  const [, major] = /^(\d+)-slim$/.exec(tag) ?? []
  if (name !== 'node' || major === undefined)
    yield `${name}:${tag}: expected node with a major and -slim, such as node:24-slim`
  else if (Number(major) < leastNode) yield `${name}:${tag}: the project needs Node ${leastNode} or later`
  else if (Number(major) % 2 === 1) yield `${name}:${tag}: odd majors get no long support`
}

function* copyFaults(stage: Stage, before: readonly Stage[], context: Context): Generator<string> {
  const ignored = ignoredBy(context.dockerignore)
  const files = context.files.filter((file) => !ignored(file))
  for (const instruction of stage.instructions.filter((one) => one.getKeyword() === 'COPY')) {
    const { from, sources } = copied(instruction)
    if (from !== undefined) {
      if (!before.some(({ name }) => name === from))
        yield `COPY --from=${from}: no stage before has that name`
      continue
    }
    // A pattern may stand for nothing, as long as another source is there.
    for (const source of sources)
      if (matching(source, files).length === 0 && (!source.includes('*') || sources.length === 1))
        yield `COPY ${source}: the project has no such file`
  }
}

function* runFaults(stage: Stage, { files }: Context): Generator<string> {
  const user = last(stage, 'USER')?.getArgumentsContent() ?? 'root'
  if (/^(root|0)(:|$)/.test(user)) yield 'USER: the add-on would run as root'

  const check = wordsOf(last(stage, 'HEALTHCHECK'))
  if (check === undefined) yield 'HEALTHCHECK: expected CMD and a list of words'
  else if (check[0] !== 'node') yield `HEALTHCHECK: ${check[0]} is not in the image; node is`
  else if (!check.at(-1)?.includes('/healthz')) yield 'HEALTHCHECK: expected to ask /healthz'

  const command = wordsOf(last(stage, 'CMD'))
  // npm and shells keep signals for themselves.
  if (command?.[0] !== 'node') yield 'CMD: expected a list of words that begins with node'
  else if (!files.includes(sourceOf(command.at(-1) ?? '')))
    yield `CMD: nothing is built into ${command.at(-1)}`

  const env = stage.instructions.filter((one) => one.getKeyword() === 'ENV')
  if (!env.some((one) => one.getArgumentsContent()?.includes('NODE_ENV=production')))
    yield 'ENV: expected NODE_ENV=production'
}

/** What a built file is built from. */
const sourceOf = (built: string): string => built.replace(/^dist\/(.*)\.js$/, 'src/$1.ts')
