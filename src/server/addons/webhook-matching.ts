import { events } from '../../api/events.ts'
import type { Log } from '../log.ts'
import type { WebhookRecord } from '../state/records.ts'
import { ownerOf } from './delivery-history.ts'
import { compilePattern, type Pattern } from './pattern-compiler.ts'
import { createPatternMatching } from './pattern-scheduling.ts'

/** Decides which webhooks want a message. */
export interface WebhookMatching {
  /** Whether a webhook has no pattern, or one that matches. Rejects when its pattern could not be run. */
  matches(webhook: WebhookRecord, text: string | undefined): Promise<boolean>
  close(): Promise<void>
}

const longestMatch = 2_000 // milliseconds; a longer wait means that the owner used more than their share

const mostPatterns = 1_000

/** Creates the matching; it keeps the patterns that it compiled. */
export function createWebhookMatching(log: Log): WebhookMatching {
  const patterns = new Map<string, Pattern>()
  const matching = createPatternMatching()

  function compiled(text: string): Pattern {
    const known = patterns.get(text)
    if (known) return known
    if (patterns.size > mostPatterns) patterns.clear()
    const pattern = compilePattern(text) // it compiled before, when the webhook was created
    patterns.set(text, pattern)
    return pattern
  }

  return {
    async matches(webhook, text = '') {
      if (webhook.pattern === null || !events[webhook.event].pattern) return true
      const started = performance.now()
      const found = await matching.matches(ownerOf(webhook), compiled(webhook.pattern), text)
      const waited = Math.round(performance.now() - started)
      if (waited > longestMatch)
        log.warn({ webhook: webhook.id, ms: waited }, 'a message waited a long time for its pattern match')
      return found
    },
    close: matching.close,
  }
}
