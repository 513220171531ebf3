/** For search.test.ts: runs one file that leaks, watched like the whole suite. */
import { defineConfig } from 'vitest/config'
import config from '../../vitest.config.ts'

export default defineConfig({
  ...config,
  test: { ...config.test, include: ['test/leaks/leaky.ts'], reporters: ['default'] },
})
