import type { Attributes, Context, Span } from '@opentelemetry/api'
import { operations } from '../api/operations/index.ts'
import { loadOptional } from '../common/optional.ts'
import { HipChatAddonError } from '../errors.ts'
import { paths } from '../paths.ts'
import type { Logger } from './log.ts'
import type { Activity, DeliveryActivity, Observer } from './observer.ts'

type Api = typeof import('@opentelemetry/api')

/** A span as it begins. */
interface Beginning {
  readonly name: string
  readonly kind: 'SERVER' | 'CLIENT' | 'INTERNAL'
  readonly attributes: Attributes
}

// Where OpenTelemetry's API keeps what was registered with it, so that all its copies in a process find it. Looking here
// first means that nothing is loaded where nobody registered anything: the package itself takes 20 ms.
const registered = Symbol.for('opentelemetry.js.api.1')

// The key under which the SDK looks whether it shall keep out of something. Keys are told apart by their names.
const suppression = 'OpenTelemetry SDK Context Key SUPPRESS_TRACING'

/**
 * Makes OpenTelemetry spans of what is observed, if somebody has registered a tracer provider by now; `undefined`
 * otherwise.
 *
 * A delivery is a child of the active span (where something instruments the HTTP server), or else of what its headers
 * name. Requests to HipChat carry no trace headers, whatever is instrumented: they go to somebody else.
 */
export function createTracing(log: Logger): Observer | undefined {
  const globals = globalThis as { [registered]?: { trace?: unknown } } // the API's own, of which this much is assumed
  if (globals[registered]?.trace === undefined) return undefined
  const api = loadOptional('@opentelemetry/api') as Api | undefined // the package of this name
  if (!api) {
    log.warn(
      'no traces: the package @opentelemetry/api is not found from here; npm install @opentelemetry/api',
    )
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

/** What is known of an activity when it begins. Names and attributes are OpenTelemetry's where it has any. */
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

// No `url.full`: paths name rooms and people, and some hold tokens.
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

/** What became known of an activity since. */
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

/** Messages of our own errors hold no secrets. What others throw may hold any, so only its kind is noted: the log has it. */
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

/** Name of an error's class, as far as it can be read and is one. */
function typeOf(error: unknown): string {
  try {
    if (error instanceof Error && /^\w{1,60}$/.test(error.name)) return error.name
  } catch {
    // thrown by somebody's getter
  }
  return '_OTHER'
}
