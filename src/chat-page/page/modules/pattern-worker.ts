/** Tests regular expressions of add-ons outside the page's thread, so that one that never ends can be terminated. */

export interface PatternQuestion {
  readonly pattern: string
  readonly flags: string
  readonly text: string
}

/** `null`: not a valid regular expression. */
export type PatternAnswer = 'ready' | { readonly matches: boolean | null }

const answer = (message: PatternAnswer) => postMessage(message)

addEventListener('message', ({ data: { pattern, flags, text } }: MessageEvent<PatternQuestion>) => {
  let matches: boolean | null = null
  try {
    matches = new RegExp(pattern, flags).test(text)
  } catch {
    // reported as null
  }
  answer({ matches })
})

answer('ready')
