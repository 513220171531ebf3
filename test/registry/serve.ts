import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packBoth } from '../scaffolder/support.ts'
import { startLocalRegistry } from './local.ts'

/** `npm run registry`: both packages as this checkout has them, for `npm create` and `npm install` on this machine. */
const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-registry-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0))
console.log('Packing hipchat-addon and create-hipchat-addon …')
const { framework, scaffolder } = packBoth(folder)
const registry = await startLocalRegistry([framework, scaffolder], Number(process.env['PORT'] || 4873))
console.log(`A registry with both packages is at ${registry.url} until you press Ctrl-C. In another terminal:

  export npm_config_registry=${registry.url}
  npm create hipchat-addon@latest my-addon
`)
