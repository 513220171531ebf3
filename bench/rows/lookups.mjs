// Look-ups of installations per second in the embedded store. Arguments: a folder, the number of installations.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, count] = process.argv.slice(2)
const part = (path) => import(pathToFileURL(join(process.env.BENCH_PACKAGE, '..', path)))
const { createSealing, openStore } = await part('store/index.js')
const { createInstallations } = await part('installations/installation-records.js')
const { keyOf } = await part('installations/installation.js')

const store = openStore(folder)
const installations = createInstallations(store, createSealing())
const idOf = (index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
const now = new Date()
const add = (index) =>
  installations.add({
    key: keyOf('q8Zt0sVwYb3mKfJ2xLr5uN7cHd1gPa9eTiRo4XyE'),
    installation: {
      oauthId: idOf(index),
      groupId: 1,
      groupName: 'g',
      roomId: index + 1,
      capabilitiesUrl: 'https://chat.example.net/v2/capabilities',
      apiUrl: 'https://chat.example.net/v2/',
      tokenUrl: 'https://chat.example.net/v2/oauth/token',
      homepage: undefined,
      scopes: ['send_notification'],
      descriptorEtag: '"x"',
      installedAt: now,
      updatedAt: now,
      rejectedSince: undefined,
    },
  })
for (let index = 0; index < Number(count); index += 1000)
  await Promise.all(
    Array.from({ length: Math.min(1000, Number(count) - index) }, (_, offset) => add(index + offset)),
  )

let found = 0
const started = performance.now()
while (performance.now() - started < 2000)
  for (let round = 0; round < 100; round += 1)
    if (await installations.get(idOf(Math.floor(Math.random() * Number(count))))) found += 1
process.send({ perSecond: found / ((performance.now() - started) / 1000) })
