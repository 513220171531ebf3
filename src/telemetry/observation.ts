import type { Store } from '../store/index.ts'
import { watchStore } from '../store/watched.ts'
import type { Logger } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import type { MetricsSettings } from './metrics-options.ts'
import { type Observer, type Observing, together } from './observer.ts'
import { createTracing } from './tracing.ts'

/** Who looks on at an add-on: its metrics if it has any, and OpenTelemetry if somebody registered it. */
export interface Observation {
  readonly metrics: Metrics | undefined
  /** Settled with the start, or with the first call before it: whoever makes traces has to be registered by then. */
  readonly observing: Observing
  /** The same store, of which failures are counted if anybody counts. */
  watch(store: Store): Store
}

/** `running` says how many deliveries are. Throws a ConfigurationError when the metrics cannot be had. */
export function createObservation(
  settings: MetricsSettings | undefined,
  running: () => number,
  log: Logger,
): Observation {
  const metrics = settings && createMetrics(settings, running)
  let observer: { readonly settled: Observer | undefined } | undefined
  return {
    metrics,
    observing() {
      observer ??= { settled: together([createTracing(log), metrics?.observer]) }
      return observer.settled
    },
    watch: (store) =>
      metrics
        ? watchStore(store, (verb) => metrics.observer.happened({ kind: 'store failed', verb }))
        : store,
  }
}
