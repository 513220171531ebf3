import type { Reporter, TestModule } from 'vitest/node'

/**
 * Names at the end of a run what this machine could not test, and the command that enables it: a test that cannot run
 * skips itself with such a note.
 */
export default class MissingParts implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const notes = new Set<string>()
    for (const module of modules)
      for (const test of module.children.allTests('skipped')) {
        const result = test.result()
        if (result.state === 'skipped' && result.note) notes.add(result.note)
      }
    if (notes.size === 0) return
    console.log('Left out:')
    for (const note of notes) console.log(`  - ${note}`)
    console.log('')
  }
}
