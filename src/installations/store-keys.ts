import { type Installation, originOf } from './installation.ts'

/** Begins the keys of the installations' records. */
export const installationPrefix = 'installation:'

/** Store key of an installation's record. */
export const keyFor = (oauthId: string): string => installationPrefix + oauthId

/** Prefix of the keys of everything else that is kept for an installation and removed with it. */
export const valuePrefix = (installation: Installation): string =>
  // Encoded: otherwise the keys of `a:b` would start like those of `a` and be removed with them.
  `value:${originOf(installation)}:${encodeURIComponent(installation.oauthId)}:`

/** Begins those keys below {@link valuePrefix} that are not the add-on's own values: the results of steps. */
export const hiddenMark = '\u0001'

/**
 * Name of the queue with the add-on's jobs, schedules and retries. What belongs to an installation has its `oauthId` as its
 * group, and is removed with it.
 */
export const workQueue = 'work'

/** Store key of an installation's access token. */
export const tokenKey = (oauthId: string): string => `token:${oauthId}`

/** Store key of the newest installation in a group or room. */
export const placeKey = (installation: Installation): string =>
  `place:${originOf(installation)}:${installation.groupId ?? '?'}:${installation.roomId ?? 'global'}`
