import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Each test starts a server of its own, which takes a moment on a busy machine.
    testTimeout: 30_000,
  },
})
