import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (file: string): string => fileURLToPath(new URL(`src/${file}`, import.meta.url))

export default defineConfig({
  resolve: {
    // Examples import the package by its name; here they get the sources.
    alias: [
      { find: /^hipchat-addon$/, replacement: source('index.ts') },
      { find: /^hipchat-addon\/server$/, replacement: source('server/index.ts') },
      { find: /^hipchat-addon\/testing$/, replacement: source('testing/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // What a test waits for comes in a moment; on a busy machine the moment is longer than the usual second.
    expect: { poll: { timeout: 10_000 } },
    // The tests start servers, stores and processes of their own: two at once are as many as two cores carry.
    maxWorkers: 2,
    // What leaves the tests is written down, and searched for secrets in the end.
    globalSetup: ['test/leaks/global.ts', 'test/build.ts'],
    setupFiles: ['test/leaks/recorder.ts'],
    reporters: ['default', './test/reporter.ts'],
  },
})
