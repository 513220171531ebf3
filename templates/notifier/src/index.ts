import { loadEnvironment } from 'hipchat-addon'
import { createNotifier } from './addon.ts'

// Variables in a file .env are included; an empty variable counts as not set.
const { PORT, BASE_URL, ALLOWED_HOSTS, STORE_URL, SECRET_KEY, REPORT_SECRET } = loadEnvironment()

const addon = createNotifier({
  secret: REPORT_SECRET ?? '',
  baseUrl: BASE_URL,
  allowedHosts: ALLOWED_HOSTS?.split(/[\s,]+/).filter(Boolean),
  store: STORE_URL,
  secretKey: SECRET_KEY,
})

// Stops accepting work, and closes when the running handlers have ended. A second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => addon.close())

await addon.listen(Number(PORT ?? 3000))
