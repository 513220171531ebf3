import fc from 'fast-check'

// FC_RUNS=100000 for a long campaign.
fc.configureGlobal({ numRuns: Number(process.env['FC_RUNS'] ?? 300) })

/** Any value at all, odd objects among them. */
export const anything = fc.anything({ withNullPrototype: true, withObjectString: true, maxDepth: 4 })

export const jsonObject = fc.dictionary(fc.string(), fc.jsonValue())

/** A text as hard to read as they come: half characters, marks, control characters. */
export const anyText = (maxLength = 200) => fc.string({ unit: 'binary', maxLength })

/**
 * A megabyte of the same text over and over. A reader whose time grows faster than its text does not end with one
 * before the test does.
 */
export const endless = (piece: string): string => piece.repeat(Math.ceil((1024 * 1024) / piece.length))

export { fc }
