import { createHash } from 'node:crypto'

/** How tokens are kept: reading the data folder reveals none that works. */
export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')
