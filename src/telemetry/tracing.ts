import type { Attributes, Context, Span } from '@opentelemetry/api'
import { operations } from '../api/operations/index.ts'
import { loadOptional } from '../common/optional.ts'
import { HipChatAddonError } from '../errors.ts'
import { paths } from '../paths.ts'
import type { Logger } from './log.ts'
import type { Activity, DeliveryActivity, Observer } from './observer.ts'

type Api = typeof import('@opentelemetry/api')

/** The start of a span. */
interface Beginning {
  readonly name: string
  readonly kind: 'SERVER' | 'CLIENT' | 'INTERNAL'
  readonly attributes: Attributes
}

// Key of the global that has OpenTelemetry's registrations, for all copies of its API in a process. It is
// checked first, so that the package, which takes 20 ms to load, is not loaded without a registration.
const registered = Symbol.for('opentelemetry.js.api.1')

// Name of the context key with which the SDK's tracing is turned off. The SDK compares keys by their names.
const suppression = 'OpenTelemetry SDK Context Key SUPPRESS_TRACING'

/**
 * Creates an observer that makes OpenTelemetry spans; `undefined` if no tracer provider is registered yet.
 *
 * The parent of a delivery is the active span, if something instruments the HTTP server, or else the one in
 * its headers. Requests to HipChat have no trace headers, whatever is instrumented, since they go to another
 * organisation.
 */
export function createTracing(log: Logger): Observer | undefined {
  const globals = globalThis as { [registered]?: { trace?: unknown } } // set by the API; only this much is assumed
  if (globals[registered]?.trace === undefined) return undefined
  const api = loadOptional('@opentelemetry/api') as Api | undefined // the package of this name
  if (!api) {
    log.warn('no traces: the package @opentelemetry/api was not found: npm install @opentelemetry/api')
    return undefined
  }
  const { context, trace, SpanKind } = api
  const tracer = trace.getTracer('hipchat-addon')
  const suppressed = api.createContextKey(suppression)

  return {
    during(activity, work) {
      const active = context.active()
      if (activity.kind === 'exchange') return context.with(active.setValue(suppressed, true), work)
      const parent = activity.kind === 'delivery' ? parentOf(activity, active, api) : active
      const { name, kind, attributes } = beginningOf(activity, trace.getSpan(active) !== undefined)
      const span = tracer.startSpan(name, { kind: SpanKind[kind], attributes }, parent)
      return context.with(trace.setSpan(parent, span), async () => {
        try {
          const given = await work()
          noteEnd(span, activity, api)
          return given
        } catch (error) {
          noteEnd(span, activity, api)
          noteError(span, error, api)
          throw error
        } finally {
          span.end()
        }
      })
    },
    happened() {},
  }
}

function parentOf({ headers }: DeliveryActivity, active: Context, { trace, propagation }: Api): Context {
  return trace.getSpan(active) ? active : propagation.extract(active, headers)
}

/** The name and attributes of a new span. They follow OpenTelemetry's conventions where there are any. */
function beginningOf(activity: Exclude<Activity, { kind: 'exchange' }>, inner: boolean): Beginning {
  switch (activity.kind) {
    case 'delivery': {
      const route = `${paths.webhook}{key}`
      return {
        name: `POST ${route}`,
        kind: inner ? 'INTERNAL' : 'SERVER',
        attributes: {
          'http.request.method': 'POST',
          'http.route': route,
          ...(activity.event === undefined ? {} : { 'hipchat.event': activity.event }),
          ...(activity.webhook === undefined ? {} : { 'hipchat.webhook': activity.webhook }),
        },
      }
    }
    case 'handler':
      return {
        name: `handle ${activity.event}`,
        kind: 'INTERNAL',
        attributes: {
          'hipchat.event': activity.event,
          'hipchat.webhook': activity.webhook,
          'hipchat.installation': activity.installation,
          'hipchat.room': activity.room,
        },
      }
    case 'job':
      return {
        name: `run ${activity.name}`,
        kind: 'INTERNAL',
        attributes: {
          'hipchat.work': activity.of,
          'hipchat.work.name': activity.name,
          'hipchat.work.attempt': activity.attempt,
          'hipchat.installation': activity.installation,
          ...(activity.room === undefined ? {} : { 'hipchat.room': activity.room }),
        },
      }
    case 'call':
      return clientSpan(activity.operation, activity.method, activity.path, activity.server)
    case 'token': {
      const { method, path } = operations.generateToken
      return clientSpan('generateToken', method, path, activity.server)
    }
    case 'installing':
      return { name: `${activity.turn} add-on`, kind: 'INTERNAL', attributes: {} }
  }
}

// No `url.full`: paths name rooms and people, and some contain tokens.
function clientSpan(operation: string, method: string, path: string, server: string): Beginning {
  const { hostname, port, protocol } = new URL(server)
  return {
    name: `${method} ${path}`,
    kind: 'CLIENT',
    attributes: {
      'http.request.method': method,
      'url.template': path,
      'server.address': hostname.replace(/^\[|\]$/g, ''),
      'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
      'hipchat.operation': operation,
    },
  }
}

/** Adds the outcome of an activity to its span. */
function noteEnd(span: Span, activity: Activity, { SpanStatusCode }: Api): void {
  if (activity.kind === 'delivery' && activity.outcome) {
    const { status, result } = activity.outcome
    span.setAttributes({ 'http.response.status_code': status, 'hipchat.delivery.result': result })
    if (status < 500) return
    span.setAttribute('error.type', String(status))
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  if (activity.kind === 'call' || activity.kind === 'token') {
    if (activity.status !== undefined) span.setAttribute('http.response.status_code', activity.status)
    if (activity.kind === 'call' && activity.attempts > 1)
      span.setAttribute('http.request.resend_count', activity.attempts - 1)
  }
}

/**
 * Adds an error to a span. Other code's errors may contain secrets, so only their class is added; the log has
 * the rest.
 */
function noteError(span: Span, error: unknown, { SpanStatusCode }: Api): void {
  if (error instanceof HipChatAddonError) {
    const { code, message, stack = '' } = error
    span.setAttribute('error.type', code)
    span.recordException({ name: error.name, message, stack })
    span.setStatus({ code: SpanStatusCode.ERROR, message })
  } else {
    const type = typeOf(error)
    span.setAttribute('error.type', type)
    span.recordException({ name: type })
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
}

/** Name of an error's class, if it can be read and is a plausible name. */
function typeOf(error: unknown): string {
  try {
    if (error instanceof Error && /^\w{1,60}$/.test(error.name)) return error.name
  } catch {
    // thrown by a getter
  }
  return '_OTHER'
}
