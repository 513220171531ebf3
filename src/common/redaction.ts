/** Replaces a secret. */
export const redacted = '[redacted]'

// Case, `-`, `_`, `.` and whitespace do not matter: `X-Api-Key`, `apiKey` and `api_key` are one name.
const secretName =
  /^(?:auth|pwd|pin|otp|jwt|bearer|pfx|sid|sig)$|authorization|authentication$|cookie|pass$|passw|passphrase|passcode|secret|tokens?$|tokenvalue$|(?:api|access|auth|private|signing|encryption|master|subscription|session|client|account|shared|server|hmac|licen[cs]e)key|^xauth|credential|creds$|signature$|signedrequest|sessionid|connectionstring/
const harmlessName = /^(?:tokentype|tokenlifetime|authenticationtype|bypass|compass)$/

/** Whether members, headers and parameters with this name are secrets. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_\s.]/g, '')
  return secretName.test(plain) && !harmlessName.test(plain)
}

const longestText = 20_000
const deepest = 8
const most = 200

const url = /\b([a-z][a-z0-9+.-]{1,20}:\/\/)([^\s"'`<>\\]+)/gi
// In prose `token` and `basic` are words, so the next word has to look like a value.
const scheme = /\b(Bearer|Basic|Digest|JWT|Negotiate|Token)\s+(?=[\w.~+/=-]*[\d=_+/])[\w.~+/=-]{8,}/gi
const cookies = /\b((?:set-)?cookie["'`]?\s*(?::|=>|=)\s*["'`]?)[^\r\n"'`}]+/gi
/** `name: value`, `name=value` and `name => value`, with and without quotation marks: headers, parameters, printed objects. */
const assignment = /(["'`]?)([A-Za-z][\w.-]{1,59})\1\s{0,3}(?:=>|[:=])\s{0,3}/g
const assigned = new RegExp(
  [
    String.raw`"(?:\\.|[^"\\])*"`,
    String.raw`'(?:\\.|[^'\\])*'`,
    '`[^`]*`',
    String.raw`\[[^\]]*\]`,
    String.raw`\{[^}]*\}`,
    String.raw`(?:(?:Bearer|Basic|Digest|JWT|Token|Negotiate)\s+)?[^\s,;&)}\]"'\`]+`,
  ].join('|'),
  'y',
)
/** The same for JSON inside a JSON string. */
const escaped = /\\"([\w.-]{2,60})\\"(\s{0,3}:\s{0,3})\\"[^"]*?\\"/g
const element = /<([\w.-]{2,60})>[^<]*<\/\1>/g
const commandLineUser = /(\s(?:-u|--user)[\s=]+)\S+/g
const jwt = /\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g

/** Removes what looks like a secret from a text: credentials and queries of URLs, headers, parameters, tokens, keys. */
export function redactText(text: string): string {
  const short = text.length > longestText ? `${text.slice(0, longestText)}…` : text
  const plain = short
    .replace(privateKey, redacted)
    .replace(url, (_, start: string, rest: string) => start + redactAddress(rest))
    .replace(jwt, redacted)
    .replace(cookies, `$1${redacted}`)
    .replace(escaped, (all, name: string, between: string) =>
      isSecretName(name) ? String.raw`\"${name}\"${between}\"${redacted}\"` : all,
    )
  return redactAssigned(plain)
    .replace(scheme, `$1 ${redacted}`)
    .replace(element, (all, name: string) => (isSecretName(name) ? `<${name}>${redacted}</${name}>` : all))
    .replace(commandLineUser, `$1${redacted}`)
}

/** Removes the values after names of secrets. */
function redactAssigned(text: string): string {
  let done = ''
  let from = 0
  for (const { 0: all, 2: name = '', index } of text.matchAll(assignment)) {
    const start = index + all.length
    if (index < from || !isSecretName(name)) continue
    assigned.lastIndex = start
    const given = assigned.exec(text)?.[0]
    if (given === undefined) continue
    const mark = /^["'`]/.exec(given)?.[0] ?? ''
    done += `${text.slice(from, start)}${mark}${redacted}${mark}`
    from = start + given.length
  }
  return done + text.slice(from)
}

/** Redacts the part of a URL after `https://`. */
function redactAddress(rest: string): string {
  const [, authority = '', path = '', query = ''] = /^([^/?#]*)([^?#]*)(.*)$/s.exec(rest) ?? []
  const host = authority.includes('@')
    ? `${redacted}${authority.slice(authority.lastIndexOf('@'))}`
    : authority
  return host + path + (query.startsWith('?') ? `?${redacted}` : query)
}

/**
 * Copies a value for the log, without secrets: members with names of secrets are replaced at any depth, strings are
 * treated as by {@link redactText}, and errors as by {@link readableError}. Very deep or long values are cut.
 */
export function redact(value: unknown): unknown {
  return copy(value, 0, new Set())
}

function copy(value: unknown, depth: number, above: Set<object>): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value !== 'object' || value === null) return value
  if (above.has(value)) return '[circular]'
  if (depth >= deepest) return '[deep]'
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  above.add(value)
  try {
    if (value instanceof Error) return plainError(value, depth, above)
    if (Array.isArray(value)) return copyList(value, depth, above)
    const toJSON: unknown = Reflect.get(value, 'toJSON')
    if (typeof toJSON === 'function') return copy(toJSON.call(value), depth + 1, above)
    return copyMembers(value, depth, above)
  } catch {
    return '[unreadable]'
  } finally {
    above.delete(value)
  }
}

// Headers may be a list of alternating names and values, and an entry of a map is a list of two.
function copyList(list: readonly unknown[], depth: number, above: Set<object>): unknown[] {
  return list.slice(0, most).map((item, index) => {
    const before = index % 2 === 1 ? list[index - 1] : undefined
    const isSecret = typeof item === 'string' && typeof before === 'string' && isSecretName(before)
    return isSecret ? redacted : copy(item, depth + 1, above)
  })
}

function copyMembers(value: object, depth: number, above: Set<object>): Record<string, unknown> {
  const members: [string, unknown][] = []
  for (const name of Object.keys(value).slice(0, most))
    members.push([name, copyMember(value, name, depth, above)])
  const copied = Object.fromEntries(members)
  // A header or variable as an object: `{ name: 'Authorization', value }`.
  const isSecret = [copied['name'], copied['key']].some(
    (name) => typeof name === 'string' && isSecretName(name),
  )
  return isSecret && 'value' in copied ? { ...copied, value: redacted } : copied
}

function copyMember(value: object, name: string, depth: number, above: Set<object>): unknown {
  try {
    const content: unknown = Reflect.get(value, name)
    if (content === undefined || content === null || content === '' || typeof content === 'boolean')
      return content
    return isSecretName(name) ? redacted : copy(content, depth + 1, above)
  } catch {
    return '[unreadable]'
  }
}

/** Members of errors that describe the failure; other members may be the request with its headers. */
const telling = ['code', 'errno', 'syscall', 'status', 'statusCode', 'signal', 'fault', 'operation', 'field']

/**
 * Copies a thrown value for the log: an error with name, message, code, stack, cause and the errors of an
 * `AggregateError`, all without secrets. Other members are left out, since an HTTP client's error contains the request with
 * its headers; so are members that cannot be read. A value that is not an error becomes an error that describes it.
 */
export function readableError(error: unknown): Error {
  if (error instanceof Error && readable.has(error)) return error
  const copied = errorCopy(error, 0, new Set())
  readable.add(copied)
  return copied
}

/** The copies, which are not copied again. */
const readable = new WeakSet<Error>()

function errorCopy(error: unknown, depth: number, above: Set<object>): Error {
  if (typeof error !== 'object' || error === null)
    return named('Error', typeof error === 'string' ? redactText(error) : `${String(error)} was thrown`)
  const text = (name: string): string | undefined => {
    const value = member(error, name)
    return typeof value === 'string' ? redactText(value) : undefined
  }
  const message = text('message') ?? describe(error)
  const safe = named(text('name') ?? 'Error', message, nameOf(error))
  const stack = text('stack')
  hide(safe, 'stack', stack ?? `${safe.name}: ${message}`)
  for (const name of telling) {
    const value = member(error, name)
    if (typeof value === 'number') Object.assign(safe, { [name]: value })
    else if (typeof value === 'string') Object.assign(safe, { [name]: redactText(value).slice(0, 200) })
  }
  if (depth >= deepest || above.has(error)) return safe
  above.add(error)
  const cause = member(error, 'cause')
  if (cause !== undefined && cause !== null) {
    const isOpen = typeof cause !== 'object' || !above.has(cause)
    if (isOpen) hide(safe, 'cause', errorCopy(cause, depth + 1, above))
  }
  const errors = member(error, 'errors')
  if (Array.isArray(errors))
    hide(
      safe,
      'errors',
      errors.slice(0, 20).map((one) => errorCopy(one, depth + 1, above)),
    )
  above.delete(error)
  return safe
}

function plainError(error: Error, depth: number, above: Set<object>): Record<string, unknown> {
  above.delete(error)
  const { name, message, stack, cause, ...members } = errorCopy(error, depth, above)
  return { type: name, message, stack, ...(cause === undefined ? {} : { cause: redact(cause) }), ...members }
}

// Loggers take the type of an error from its constructor.
function named(name: string, message: string, type = name): Error {
  const error = new Error(message)
  hide(error, 'name', name)
  hide(
    error,
    'constructor',
    Object.defineProperty(() => undefined, 'name', { value: type }),
  )
  return error
}

const hide = (object: object, name: string, value: unknown): void =>
  void Object.defineProperty(object, name, { value, configurable: true, writable: true })

function member(object: object, name: string): unknown {
  try {
    return Reflect.get(object, name)
  } catch {
    return undefined
  }
}

function nameOf(error: object): string | undefined {
  const maker = member(error, 'constructor')
  const name = typeof maker === 'function' ? member(maker, 'name') : undefined
  return typeof name === 'string' && name !== '' ? name : undefined
}

function describe(value: object): string {
  try {
    return JSON.stringify(redact(value)).slice(0, 1000)
  } catch {
    return 'something that cannot be read was thrown'
  }
}
