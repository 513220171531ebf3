import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Each test starts its own server, which takes a moment on a busy machine.
    testTimeout: 30_000,
  },
})
