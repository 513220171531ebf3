/**
 * hipchat-addon: HipChat Connect add-ons in TypeScript.
 *
 * @packageDocumentation
 */

// Writing an add-on
export { type Addon, createAddon, type HookContexts, type RegisteredWebhook } from './addon/addon.ts'
export type { Arguments } from './addon/deliveries/command.ts'
export type {
  CommandContext,
  EventContext,
  Handler,
  Middleware,
  Returned,
} from './addon/deliveries/context.ts'
export type { CommandOptions, WebhookOptions } from './addon/deliveries/registration.ts'
export type { RetryOptions } from './addon/deliveries/retry.ts'
export { loadEnvironment } from './addon/environment.ts'
export type {
  AddedJob,
  AddJobOptions,
  Job,
  JobContext,
  JobOptions,
  JobTarget,
  WorkContext,
} from './addon/jobs/job.ts'
export type { QueuedJob } from './addon/jobs/queued-job.ts'
export type { PerInstallation, Schedule, ScheduleContext, ScheduleOptions } from './addon/jobs/schedule.ts'
export type {
  Conditions,
  GlanceCondition,
  MessageCondition,
  MetadataCondition,
  PlaceCondition,
} from './addon/modules/conditions.ts'
export type { Icon, IconData, IconSource } from './addon/modules/icons.ts'
export type { ModuleMethods, RegisteredModule } from './addon/modules/module-methods.ts'
export type {
  ActionOptions,
  ConfigurableOptions,
  DialogButton,
  DialogOptions,
  ExternalPageOptions,
  GlanceOptions,
  Target,
  WebPanelOptions,
} from './addon/modules/module-options.ts'
export type { AddonOptions } from './addon/options.ts'
export { type PageOptions, type PageParts, page, type Theme } from './addon/pages/page.ts'
export type {
  AnonymousContext,
  GlanceHandler,
  PageContext,
  PageHandler,
  PageReturned,
  ViewContext,
  Viewer,
} from './addon/pages/page-context.ts'
export type { StaticOptions } from './addon/pages/static-files.ts'
export type { FailedContext } from './addon/pages/view-context.ts'
export type { ProcessContext } from './addon/process-hooks.ts'
export { type BodyOptions, type JsonOptions, readJson, readText } from './addon/request-body.ts'
export type { SettingsField, SettingsFields, SettingsValues } from './addon/settings/fields.ts'
export type { AddonSettings, SettingsOptions, SettingsPlace } from './addon/settings/settings.ts'
// HipChat's API
export type { Card } from './api/card.ts'
export type { Descriptor } from './api/descriptor.ts'
export type { EventItem, EventMessage, EventName, EventRoom, Person } from './api/events.ts'
export type { GlanceContent } from './api/glance.ts'
export type { Page } from './api/objects.ts'
export type { Notification } from './api/operations/messages.ts'
export type { Scope } from './api/scopes.ts'
export type { Sender } from './api/sender.ts'
// Calling HipChat
export type {
  Emoticon,
  Message,
  RoomDetails,
  RoomReference,
  User,
  UserReference,
  Webhook,
} from './client/answers.ts'
export {
  type ApplicationCardOptions,
  type CardAttribute,
  type CardImage,
  type CardOptions,
  card,
  type ImageCardOptions,
  type LinkCardOptions,
} from './client/card.ts'
export type { Client, NotificationOptions, Room } from './client/client.ts'
export type { Collection } from './client/collection.ts'
export type { GlanceShown } from './client/glance.ts'
export type { GlanceAudience, Glances } from './client/glance-updates.ts'
export type { CallOptions } from './client/method-types.ts'
export type { Message as Sendable } from './client/notification.ts'
export { createPersonalClient, type PersonalClientOptions } from './client/personal.ts'
export { Html, html } from './common/html.ts'
// When something goes wrong
export {
  AccessTokenError,
  ApiError,
  ConfigurationError,
  type ErrorCode,
  HandlerTimeoutError,
  HipChatAddonError,
  InstallationRefusedError,
  MissingScopeError,
  NetworkError,
  RateLimitError,
  RoomInstallationError,
  SignedRequestError,
  type SignedRequestFault,
  StoreError,
  UnexpectedAnswerError,
} from './errors.ts'
export type { HookContext, InstallationContext, ReplacedContext } from './installations/context.ts'
export type { Installation } from './installations/installation.ts'
export type { InstallationStore } from './installations/installation-store.ts'
// Storage
export type { Store, StoreSetting } from './store/index.ts'
export type { Logger } from './telemetry/log.ts'
export type { MetricsOptions, MetricsRegistry } from './telemetry/metrics-options.ts'
