/** Tests regular expressions of add-ons away from the page: one that never ends is ended from outside. */

export interface PatternQuestion {
  readonly pattern: string
  readonly flags: string
  readonly text: string
}

/** `null`: no regular expression. */
export type PatternAnswer = 'ready' | { readonly matches: boolean | null }

const answer = (message: PatternAnswer) => postMessage(message)

addEventListener('message', ({ data: { pattern, flags, text } }: MessageEvent<PatternQuestion>) => {
  let matches: boolean | null = null
  try {
    matches = new RegExp(pattern, flags).test(text)
  } catch {
    // said by null
  }
  answer({ matches })
})

answer('ready')
