import { existsSync } from 'node:fs'
import { createTasks } from './addon.ts'

if (existsSync('.env')) process.loadEnvFile()
const { PORT, BASE_URL, ALLOWED_HOSTS, STORE_URL, SECRET_KEY } = process.env

const addon = createTasks({
  baseUrl: BASE_URL || undefined,
  allowedHosts: ALLOWED_HOSTS?.split(/[\s,]+/).filter(Boolean),
  store: STORE_URL || undefined,
  secretKey: SECRET_KEY || undefined,
})

// Takes nothing more on, and ends when the running handlers have. A second signal ends it at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => addon.close())

await addon.listen(Number(PORT || 3000))
