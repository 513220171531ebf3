import { loadEnvironment } from 'hipchat-addon'
import { createTasks } from './addon.ts'

// Variables in a file .env are included; an empty variable counts as not set.
const { PORT, BASE_URL, ALLOWED_HOSTS, STORE_URL, SECRET_KEY } = loadEnvironment()

const addon = createTasks({
  baseUrl: BASE_URL,
  allowedHosts: ALLOWED_HOSTS?.split(/[\s,]+/).filter(Boolean),
  store: STORE_URL,
  secretKey: SECRET_KEY,
})

// Stops accepting work, and closes when the running handlers have ended. A second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => addon.close())

await addon.listen(Number(PORT ?? 3000))
