/** Something that left a test: a log line, an error, an answer over HTTP, or text on standard output. */
export interface Departure {
  readonly kind: 'log' | 'error' | 'answer' | 'output'
  readonly file: string
  readonly test: string
  /** Its kind: for an answer method and path, for an error its class, for an output the stream. */
  readonly label: string
  readonly text: string
}

/** Where a secret leaves on purpose, and why. */
export interface Exception {
  readonly kind: Departure['kind']
  readonly label: RegExp
  /** The passage in which it leaves; the whole if absent. */
  readonly passage?: RegExp
  readonly why: string
}

export const exceptions: readonly Exception[] = [
  { kind: 'answer', label: /^POST \/v2\/\/?oauth\/token$/, why: 'the token endpoint issues tokens' },
  {
    kind: 'answer',
    label: /^GET \/v2\/oauth\/token\/[^/]+$/,
    why: 'a session shows the token of the request',
  },
  { kind: 'answer', label: /^GET \/v2\/addon\/[^/]+\/installable\/[^/]+$/, why: 'the one-time document' },
  { kind: 'answer', label: /^POST \/page\/session$/, why: 'signing in issues a token' },
  { kind: 'answer', label: /^POST \/page\/tokens$/, why: 'a token made by hand is shown once' },
  {
    kind: 'answer',
    label: /^POST \/page\/integration\/[^/]+\/open$/,
    why: 'the signed URL of a module, for the person who opens it',
  },
  {
    kind: 'answer',
    label: /^GET \/page\/room\/[^/]+\/glances$/,
    why: 'the signed URLs of glances, for the person who sees them',
  },
  {
    kind: 'answer',
    label: /^GET \/admin\/installations\/[^/]+\/secret$/,
    why: 'administrators may request a secret',
  },
  { kind: 'answer', label: /^GET \/once(\/|$)/, why: 'the one-time document of a stand-in' },
  { kind: 'answer', label: /^[A-Z]+ \/echo\//, why: 'a stand-in returns what it was sent' },
  { kind: 'answer', label: /^POST \/v2\/user$/, why: 'the password of a new user is shown once' },
  {
    kind: 'answer',
    label: /^POST \/v2\/addon$/,
    why: 'installed_url, where the browser gets the one-time document',
  },
  {
    kind: 'answer',
    label: /\/(page\/[\w.-]+|configure|admin)$/,
    passage: /(<meta name="session-token" content="|<input type="hidden" name="session" value=")[^"]+/g,
    why: 'a page has its own session token, for its calls',
  },
  {
    kind: 'answer',
    label: /^[A-Z]+ \/own$/,
    passage: /^session-token: \S+$/im,
    why: 'a page that has been open for long gets its next session token',
  },
  {
    kind: 'error',
    label: /^CarelessError$/,
    why: 'a handler throws it with a secret, to see where it ends up',
  },
  {
    kind: 'output',
    label: /^stdout of a process$/,
    passage: /^Administrator's token +\S+$/m,
    why: 'the command shows the token it generated',
  },
  {
    kind: 'output',
    label: /^stdout of a process$/,
    passage: /"adminToken":"[^"]+"/,
    why: 'so does dev --json',
  },
]

/** A secret in something that left. */
export interface Leak {
  readonly departure: Departure
  /** The text around it, the secret itself left out. */
  readonly around: string
}

/** Finds the first of many secrets in a text, in any spelling; returns its position and length. */
export type Search = (text: string) => { readonly at: number; readonly length: number } | undefined

/** Anything shorter, or like `aaaaaaaaaaaa`, is not a secret, and occurs everywhere. */
export const isSecret = (text: string): boolean => text.length >= 12 && new Set(text).size >= 6

/** Bytes by which secrets are first told apart. */
const HEAD = 8

// A signed request is a secret wherever it is, without being registered.
const signedRequest = /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{20,}/

/** Compiles a search for secrets. Its time grows with the text, and hardly with the number of secrets. */
export function createSearch(secrets: Iterable<string>): Search {
  const byHead = new Map<string, string[]>()
  const first = new Uint8Array(0x10000)
  for (const secret of secrets)
    for (const spelling of spellings(secret)) {
      const head = spelling.slice(0, HEAD)
      const same = byHead.get(head)
      if (!same) byHead.set(head, [spelling])
      else if (!same.includes(spelling)) same.push(spelling)
      first[pair(spelling, 0)] = 1
    }
  return (text) => {
    for (let at = 0; at + HEAD <= text.length; at += 1) {
      if (first[pair(text, at)] === 0) continue
      const found = byHead.get(text.slice(at, at + HEAD))?.find((one) => text.startsWith(one, at))
      if (found) return { at, length: found.length }
    }
    const signed = signedRequest.exec(text)
    return signed ? { at: signed.index, length: signed[0].length } : undefined
  }
}

const pair = (text: string, at: number): number =>
  ((text.charCodeAt(at) << 8) ^ text.charCodeAt(at + 1)) & 0xffff

/** A secret as it is, and in other notations: percent-encoded, in JSON, in hex, in base64 at each offset. */
export function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const inBase64 = [0, 1, 2].map((skip) => {
    const rest = bytes.subarray(skip)
    return rest.subarray(0, rest.length - (rest.length % 3)).toString('base64')
  })
  const all = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('hex'),
    ...inBase64,
    ...inBase64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]
  return [...new Set(all)].filter((text) => text.length >= HEAD)
}

/** The leak in a departure, if there is one that the list does not allow. */
export function leakIn(departure: Departure, search: Search): Leak | undefined {
  const { kind, label } = departure
  let { text } = departure
  for (const exception of exceptions)
    if (exception.kind === kind && exception.label.test(label)) {
      if (!exception.passage) return undefined
      text = text.replace(exception.passage, '')
    }
  const found = search(text)
  if (!found) return undefined
  const { at, length } = found
  const around = `${text.slice(Math.max(0, at - 80), at)}[secret]${text.slice(at + length, at + length + 40)}`
  return { departure, around }
}

/** A leak in words, for the person who fixes it. Segments of a path may be secrets themselves. */
export const tell = ({ departure: { kind, file, test, label }, around }: Leak): string =>
  `${kind} (${label.replace(/[^/\s]{20,}/g, '…')}) in ${file} > ${test}\n    ${around.replace(/\s+/g, ' ')}`
