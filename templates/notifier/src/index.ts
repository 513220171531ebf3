import { loadEnvironment } from 'hipchat-addon'
import { createNotifier } from './addon.ts'

// What is in a file .env counts too, if there is one; an empty variable is one that is not set.
const { PORT, BASE_URL, ALLOWED_HOSTS, STORE_URL, SECRET_KEY, REPORT_SECRET } = loadEnvironment()

const addon = createNotifier({
  secret: REPORT_SECRET ?? '',
  baseUrl: BASE_URL,
  allowedHosts: ALLOWED_HOSTS?.split(/[\s,]+/).filter(Boolean),
  store: STORE_URL,
  secretKey: SECRET_KEY,
})

// Takes nothing more on, and ends when the running handlers have. A second signal ends it at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => addon.close())

await addon.listen(Number(PORT ?? 3000))
