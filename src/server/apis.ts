import { administrationHandlers } from './admin/handlers.ts'
import { administration } from './admin/routes.ts'
import { pageHandlers } from './chat-page/handlers.ts'
import { pageApi } from './chat-page/routes.ts'
import { createRouter, type Router, restRouter } from './http/routes.ts'
import { handlers } from './rest/handlers.ts'

interface Api {
  readonly router: Router
  /** Handlers by operation id. */
  readonly handlers: object
}

/** Everything the server serves, by path prefix. */
export const apis = {
  '/v2': { router: restRouter, handlers },
  '/admin': { router: createRouter(administration), handlers: administrationHandlers },
  '/page': { router: createRouter(pageApi), handlers: pageHandlers },
} as const satisfies Readonly<Record<string, Api>>

/** A path prefix that the server serves. */
export type Base = keyof typeof apis
