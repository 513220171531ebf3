import { type Descriptor, descriptor, moduleKinds, placesOf, webhooksOf } from '../../api/descriptor.ts'
import { events } from '../../api/events.ts'
import { exchange, parseJson } from '../../common/http.ts'
import { jsonFault, jsonFaultText } from '../../common/json-fault.ts'
import type { Outbound } from '../../common/outbound.ts'
import { kibibyte } from '../../common/sizes.ts'
import { validate } from '../../common/validate.ts'
import { badRequest, CallRefusedError, invalid } from '../errors.ts'
import { checkDepth, checkText } from '../http/parsing.ts'
import { failureOf, notCalled } from './unreachable-texts.ts'
import { checkPattern, checkUrl } from './webhook-rules.ts'

/** Where to fetch a descriptor from, and how. */
export interface DescriptorRequest {
  /** http, https, or a `data:` URL that contains the descriptor. */
  readonly url: string
  readonly outbound: Outbound
  /** In milliseconds. */
  readonly timeout: number
  readonly signal: AbortSignal
}

const longest = 256 * kibibyte
const longestInUrl = 64 * kibibyte
const longestKey = 255 // the limit of the paths that name an add-on

// Every message is matched against all patterns: 2,000 costly ones took eleven seconds for 1,000 characters.
const mostSteps = 20_000

/** The Connect API version this server speaks, as in the capabilities document. */
const apiVersion = 1

/** Fetches and checks a descriptor. 400, with the reason, for anything that cannot be installed. */
export async function fetchDescriptor(request: DescriptorRequest): Promise<Descriptor> {
  const text = request.url.startsWith('data:') ? readDataUrl(request.url) : await download(request)
  const json = text.replace(/^\uFEFF/, '')
  const document = parseJson(json)
  if (document === undefined) {
    const fault = jsonFault(json)
    throw badRequest(`The descriptor is not valid JSON${fault ? ` ${jsonFaultText(fault)}` : ''}`, 'url')
  }
  if (typeof document === 'object' && document !== null) checkDepth(document, 'The descriptor')
  const checked = validate(descriptor, document)
  if (!checked.ok)
    throw invalid({ ...checked.problem, message: `The descriptor is not valid: ${checked.problem.message}` })
  checkText(checked.value, 'The descriptor')
  checkBeyondSchema(checked.value, request.outbound)
  return checked.value
}

async function download({ url, outbound, timeout, signal }: DescriptorRequest): Promise<string> {
  checkUrl(url, outbound, 'url')
  let answer: Awaited<ReturnType<typeof exchange>>
  try {
    answer = await exchange({
      method: 'GET',
      url,
      outbound,
      timeout,
      signal,
      maxBytes: longest,
      headers: { accept: 'application/json' },
    })
  } catch (error) {
    const failure = failureOf(error)
    // The same words as for an address that is refused before it is called.
    const message =
      failure === notCalled ? `url ${notCalled}` : `The descriptor could not be fetched: ${failure}`
    throw new CallRefusedError(400, message, {
      details: { field: 'url', ...(failure === notCalled ? { validation: 'format' } : {}) },
      cause: error,
    })
  }
  if (answer.status !== 200)
    throw badRequest(`The descriptor could not be fetched: its address answered ${answer.status}`, 'url')
  return answer.body
}

/** Reads `data:application/json;base64,…` or percent-encoded data, for add-ons that the server cannot reach. */
function readDataUrl(url: string): string {
  if (url.length > longestInUrl) throw badRequest(`A data: URL holds at most ${longestInUrl} bytes`, 'url')
  const parts = /^data:([^,]*),(.*)$/s.exec(url)
  if (!parts) throw badRequest('The data: URL holds no data', 'url')
  const [, type = '', data = ''] = parts
  try {
    return /;base64$/i.test(type) ? Buffer.from(data, 'base64').toString('utf8') : decodeURIComponent(data)
  } catch {
    throw badRequest('The data: URL is not percent-encoded correctly', 'url')
  }
}

/** Checks what the schema cannot express. */
function checkBeyondSchema(document: Descriptor, outbound: Outbound): void {
  if (document.key.length > longestKey)
    throw badRequest(`The key of an add-on has at most ${longestKey} characters`, 'key')
  const [server] = (document.apiVersion ?? '1:1').split(':')
  if (Number(server) > apiVersion)
    throw badRequest(
      `The add-on needs version ${server} of the Connect API, this server has version ${apiVersion}`,
      'apiVersion',
    )
  const places = placesOf(document)
  if (!places.room && !places.global)
    throw badRequest(
      'The add-on cannot be installed anywhere: allowRoom and allowGlobal are both false',
      'capabilities.installable',
    )
  for (const [name, url] of callbacksOf(document)) checkUrl(url, outbound, `capabilities.installable.${name}`)
  checkWebhooks(document, outbound)
  checkKeys(document)
}

function checkWebhooks(document: Descriptor, outbound: Outbound): void {
  const webhooks = webhooksOf(document)
  let steps = 0
  webhooks.forEach((webhook, index) => {
    const path = Array.isArray(document.capabilities?.webhook)
      ? `capabilities.webhook.${index}`
      : 'capabilities.webhook'
    checkUrl(webhook.url, outbound, `${path}.url`)
    if (webhook.pattern === undefined || !events[webhook.event].pattern) return
    steps += checkPattern(webhook.pattern, `${path}.pattern`)
    if (steps > mostSteps)
      throw badRequest('The patterns of the descriptor are too costly in total', `${path}.pattern`)
  })
}

const callbackNames = [
  'callbackUrl',
  'updateCallbackUrl',
  'installedUrl',
  'updatedUrl',
  'uninstalledUrl',
] as const

/** Origins that are notified of an installation, and so receive its credentials. */
export const toldOrigins = (document: Descriptor): Set<string> =>
  new Set(callbacksOf(document).map(([, url]) => new URL(url).origin))

const callbacksOf = (document: Descriptor): [name: string, url: string][] =>
  callbackNames.flatMap((name) => {
    const url = document.capabilities?.installable?.[name]
    return url === undefined ? [] : [[name, url]]
  })

/**
 * Refuses a key that is used twice: clients look up a module by its key across all kinds. A `target` that names no
 * module is accepted, since published add-ons had one; it does nothing until it is clicked.
 */
function checkKeys(document: Descriptor): void {
  const { capabilities = {} } = document
  const seen = new Map<string, string>()
  for (const kind of [...moduleKinds, 'webhook'] as const) {
    const modules = kind === 'webhook' ? webhooksOf(document) : (capabilities[kind] ?? [])
    for (const { key } of modules) {
      if (key === undefined) continue
      const other = seen.get(key)
      if (other)
        throw badRequest(
          `The descriptor is not valid: the key ${key} is used twice: for a ${other} and for a ${kind}`,
          `capabilities.${kind}`,
        )
      seen.set(key, kind)
    }
  }
}

/** The members of an installation that come from the descriptor. */
export const clientFrom = (document: Descriptor) => ({
  name: document.name,
  fromName: document.capabilities?.hipchatApiConsumer?.fromName || document.name,
  scopes: [...new Set(document.capabilities?.hipchatApiConsumer?.scopes ?? [])],
  descriptor: document,
})
