import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Builds the chat page before the first test when its sources are newer than what is built. */
export default function setup(): void {
  const sources = ['src/chat-page', 'src/server/chat-page', 'src/api'].map((folder) =>
    newestIn(join(root, folder)),
  )
  const built = newestIn(join(root, 'dist/chat-page'))
  if (Math.max(...sources) > built) execFileSync('npm', ['run', '--silent', 'build:page'], { cwd: root })
}

function newestIn(folder: string): number {
  try {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    return Math.max(0, ...files.map((one) => statSync(join(one.parentPath, one.name)).mtimeMs))
  } catch {
    return 0 // not built yet
  }
}
