/** For `npm run test:unit`: the tests of single source files that start nothing, as fast as possible. */
import { defineConfig } from 'vitest/config'
import config from '../vitest.config.ts'
import { unitTests } from './unit.ts'

export default defineConfig({
  ...config,
  test: {
    ...config.test,
    include: unitTests(),
    // They need no build.
    globalSetup: ['test/leaks/global.ts'],
    // Most of the time would go into loading the same modules again for each file.
    isolate: false,
  },
})
