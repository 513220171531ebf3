import type { Context } from '../context.ts'
import type { Feed } from './feed.ts'

/** The parts of a running server that the chat page's handlers work with. */
export interface PageContext extends Context {
  readonly feed: Feed
}
