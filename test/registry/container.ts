/**
 * What Docker would make of a project's Dockerfile, without Docker: the stages are folders, their Node is that of the
 * environment. Other properties of an image (its users, its own files, no network but its ports) are not checked.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseEnv } from 'node:util'
import { copied, ignoredBy, last, matching, type Stage, stagesOf, wordsOf } from '../scaffolder/dockerfile.ts'
import { type Place, succeedQuietly } from './programs.ts'

export interface Image {
  /** Where its command and its health check run, and as which user. */
  readonly place: Place
  readonly command: readonly string[]
  readonly healthcheck: readonly string[]
}

/** The user of the image, replaced here by another: root can be anybody, others only themselves. */
const standIn = { uid: process.getuid?.() || 1000, gid: process.getgid?.() || 1000 }

/** Follows the Dockerfile of a project, in a folder. */
export async function buildImage(project: string, folder: string, env: NodeJS.ProcessEnv): Promise<Image> {
  const built = new Map<string | undefined, string>()
  let image: Image | undefined
  for (const [index, stage] of stagesOf(readFileSync(join(project, 'Dockerfile'), 'utf8')).entries()) {
    const home = join(folder, `stage ${index}`)
    image = await buildStage(stage, { home, project, built, env })
    built.set(stage.name, home)
  }
  if (!image) throw new Error('the Dockerfile has no stage')
  return image
}

interface Building {
  readonly home: string
  readonly project: string
  readonly built: ReadonlyMap<string | undefined, string>
  readonly env: NodeJS.ProcessEnv
}

async function buildStage(stage: Stage, { home, project, built, env: given }: Building): Promise<Image> {
  const env = { ...given }
  let folder = '/'
  const user = last(stage, 'USER')?.getArgumentsContent() ?? 'root'
  mkdirSync(home, { recursive: true })
  for (const instruction of stage.instructions) {
    const written = instruction.getArgumentsContent() ?? ''
    const place = { cwd: join(home, folder), env }
    switch (instruction.getKeyword()) {
      case 'WORKDIR':
        folder = posix.resolve(folder, written)
        mkdirSync(join(home, folder), { recursive: true })
        break
      case 'ENV':
        Object.assign(env, parseEnv(written))
        break
      case 'COPY': {
        const { from, sources, target } = copied(instruction)
        const to = join(home, posix.resolve(folder, target))
        if (from === undefined) copyFrom(project, sources, to)
        else for (const source of sources) cpSync(join(built.get(from) ?? '', source), to, verbatim)
        break
      }
      case 'RUN':
        // A user of the image does not exist on this machine.
        await succeedQuietly(
          'sh',
          ['-c', written.replaceAll(`${user}:${user}`, `${standIn.uid}:${standIn.gid}`)],
          place,
        )
        break
      case 'USER':
      case 'VOLUME':
      case 'EXPOSE':
      case 'HEALTHCHECK':
      case 'CMD':
        break // they only affect running
      default:
        throw new Error(`Dockerfile: ${instruction.getKeyword()} is not supported here`)
    }
  }
  const owner = user === 'root' ? undefined : standIn
  const words = (keyword: string) => wordsOf(last(stage, keyword)) ?? []
  return {
    place: { cwd: join(home, folder), env, owner },
    command: words('CMD'),
    healthcheck: words('HEALTHCHECK'),
  }
}

const verbatim = { recursive: true, verbatimSymlinks: true } as const

/** Copies what `.dockerignore` leaves of a project: files at its top level, or all. */
function copyFrom(project: string, sources: readonly string[], to: string): void {
  const ignored = ignoredBy(readFileSync(join(project, '.dockerignore'), 'utf8'))
  const names = readdirSync(project).filter((name) => !ignored(name))
  for (const source of sources)
    for (const name of matching(source, names))
      cpSync(join(project, name), join(to, name), { ...verbatim, recursive: source === '.' })
}
