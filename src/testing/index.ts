/**
 * hipchat-addon/testing: for tests of an add-on, with the compatible server in the same process.
 *
 * @packageDocumentation
 */

export type { Duration } from './clock.ts'
export { type DescriptorFixture, descriptorFixtures } from './fixtures/descriptors.ts'
export { type WebhookFixture, webhookFixtures } from './fixtures/webhooks.ts'
export type { ForgedOptions, Forgery } from './forging.ts'
export type { InstallOptions, TestedAddon, TestGroup } from './group.ts'
export type { LogLine } from './log.ts'
export type {
  DeliverOptions,
  OpenOptions,
  SaidOptions,
  SeenMessage,
  TestRoom,
} from './room.ts'
export type { TriggerOptions } from './room-events.ts'
export { type StoreCheck, type StoreUnderTest, storeContract } from './store/contract.ts'
export {
  type AddonTest,
  type GroupOptions,
  type TestClock,
  type TestOptions,
  testAddon,
} from './test-addon.ts'
