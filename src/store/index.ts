export { createEmbeddedStore, type EmbeddedStoreOptions } from './embedded/embedded.ts'
export { createKeyvStore, type KeyvSource } from './keyv/keyv.ts'
export { createMemoryStore } from './memory/memory.ts'
export { embeddedFolder, openStore, type StoreSetting } from './open.ts'
export { createPostgresStore, type PostgresStoreOptions } from './postgres/postgres.ts'
export { createRedisStore, type RedisStoreOptions } from './redis/redis.ts'
export { scopeStore } from './scoped.ts'
export { createSealing, type Sealing } from './sealing.ts'
export { shareStore } from './shared.ts'
export type {
  AddOptions,
  Awaitable,
  Journal,
  ListedWork,
  Queue,
  QueueCounts,
  QueuedWork,
  Recovered,
  Store,
  WorkState,
} from './store.ts'
