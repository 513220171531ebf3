import { randomBytes } from 'node:crypto'
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestProject } from 'vitest/node'
import './planted.ts'
import { createSearch, type Departure, type Leak, leakIn, tell } from './search.ts'

/** Before the first test: a folder for everything that leaves the tests, and the marker of this run's secrets. */
export default function setup(project: TestProject): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-leaks-'))
  const marker = `Planted${randomBytes(8).toString('hex')}`
  project.provide('leaks', { folder, marker })

  /** After the last test: fails the run if a secret is found where it is not allowed. */
  return async () => {
    try {
      const { leaks, searched, secrets } = await searchFolder(folder, marker)
      console.log(`Searched ${searched} log lines, errors, answers and outputs for ${secrets} secrets.`)
      if (leaks.length === 0) return
      process.exitCode = 1
      console.error(`Secrets were found in ${leaks.length} of them:`)
      for (const leak of leaks.slice(0, 50)) console.error(`  - ${tell(leak)}`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

async function searchFolder(folder: string, marker: string) {
  const files = readdirSync(folder)
  const secrets = new Set([marker])
  for (const file of files.filter((name) => name.startsWith('secrets-')))
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean))
      secrets.add(JSON.parse(line) as string) // written by the recorder
  const search = createSearch(secrets)
  const leaks: Leak[] = []
  let searched = 0
  for (const file of files.filter((name) => name.startsWith('records-')))
    for await (const line of createInterface({ input: createReadStream(join(folder, file)) })) {
      searched += 1
      const leak = leakIn(JSON.parse(line) as Departure, search) // written by the recorder
      if (leak) leaks.push(leak)
    }
  return { leaks, searched, secrets: secrets.size }
}
