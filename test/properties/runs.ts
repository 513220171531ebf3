import fc from 'fast-check'

// FC_RUNS=100000 for a long campaign.
fc.configureGlobal({ numRuns: Number(process.env['FC_RUNS'] ?? 300) })

/** Any value, including odd objects. */
export const anything = fc.anything({ withNullPrototype: true, withObjectString: true, maxDepth: 4 })

export const jsonObject = fc.dictionary(fc.string(), fc.jsonValue())

/** A string of any code points, including control characters and unassigned ones. */
export const anyText = (maxLength = 200) => fc.string({ unit: 'binary', maxLength })

/**
 * A megabyte of the same repeated string. A parser that needs more than linear time does not finish it
 * before the test times out.
 */
export const endless = (piece: string): string => piece.repeat(Math.ceil((1024 * 1024) / piece.length))

export { fc }
