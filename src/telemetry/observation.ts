import type { Store } from '../store/index.ts'
import { watchStore } from '../store/watched.ts'
import type { Logger } from './log.ts'
import { createMetrics, type Gauged, type Metrics } from './metrics.ts'
import type { MetricsSettings } from './metrics-options.ts'
import { type Observer, type Observing, together } from './observer.ts'
import { createTracing } from './tracing.ts'

/** Observation of an add-on: by its metrics, if there are any, and by OpenTelemetry, if it is registered. */
export interface Observation {
  readonly metrics: Metrics | undefined
  /**
   * Returns the observer. Chosen at the start, or at the first call before it; OpenTelemetry must be
   * registered by then.
   */
  readonly observing: Observing
  /** The same store; its failures are counted if there are metrics. */
  watch(store: Store): Store
}

/**
 * Creates the observation. Throws a
 * ConfigurationError if the metrics cannot be created.
 */
export function createObservation(
  settings: MetricsSettings | undefined,
  gauged: Gauged,
  log: Logger,
): Observation {
  const metrics = settings && createMetrics(settings, gauged)
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
