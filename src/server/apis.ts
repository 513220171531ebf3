import { administrationHandlers } from './admin/handlers.ts'
import { administration } from './admin/routes.ts'
import { pageHandlers } from './chat-page/handlers.ts'
import { pageApi } from './chat-page/routes.ts'
import { createRouter, type Router, restRouter } from './http/routes.ts'
import { handlers } from './rest/handlers.ts'

interface Api {
  readonly router: Router
  /** By the name of the operation. */
  readonly handlers: object
}

/** What the server serves, by where the paths begin. */
export const apis = {
  '/v2': { router: restRouter, handlers },
  '/admin': { router: createRouter(administration), handlers: administrationHandlers },
  '/page': { router: createRouter(pageApi), handlers: pageHandlers },
} as const satisfies Readonly<Record<string, Api>>

export type Base = keyof typeof apis
