import { absoluteUrl, anyText, type Checks, expecting, integerFrom } from '../../common/checks.ts'
import { Html, html } from '../../common/html.ts'
import { type Outbound, OutboundRefusedError } from '../../common/outbound.ts'
import { ConfigurationError } from '../../errors.ts'
import type { Installation } from '../../installations/installation.ts'
import { originOf } from '../../installations/installation.ts'
import { checkOptions } from '../../option-checks.ts'

/** Theme of a client. Clients reload the page when it changes. */
export type Theme = 'light' | 'dark'

/** Options of {@link page}. */
export interface PageOptions {
  /** Title of the page. Default: the name or title of the module. */
  readonly title?: string | undefined
  /** More elements for the page's head, such as styles, scripts and links. Default: none. */
  readonly head?: Html | undefined
  /** Language of the page. Default `en`. */
  readonly lang?: string | undefined
  /** HTTP status of the answer, from 200 to 599. Default 200. */
  readonly status?: number | undefined
  /**
   * Web address of the server whose script the page loads. Only needed for a page with `authentication:
   * 'none'`, which is the same on all servers. Default: the server of the installation.
   */
  readonly server?: string | undefined
}

/** The content of a page with its options; the result of {@link page}. */
export interface PageParts extends PageOptions {
  /** The content of its body. */
  readonly content: Html
}

const checks: Checks<PageOptions> = {
  title: anyText,
  head: expecting('html`…`', (value) => value instanceof Html),
  lang: expecting(
    'a language such as en or pt-BR',
    (value) => typeof value === 'string' && /^[a-z]{2,3}(-[a-z0-9]+)*$/i.test(value),
  ),
  status: integerFrom(200, 599),
  server: absoluteUrl,
}

/**
 * Adds a title, a language, elements for the head, or a status to a page's content. A handler can return
 * the result. Throws a {@link ConfigurationError} for an invalid argument.
 *
 * @example
 * return page(html`<h1>${name}</h1>`, { title: name, head: html`<link rel="stylesheet" href="/assets/board.css">` })
 */
export function page(content: Html, options: PageOptions = {}): PageParts {
  if (!(content instanceof Html))
    throw new ConfigurationError(
      'page: expected html`…` as the first argument; a string would not be escaped',
    )
  checkOptions<PageOptions>('page', options, checks)
  return { ...options, content }
}

/** Whether a handler returned the result of {@link page}. */
export const isPageParts = (value: unknown): value is PageParts =>
  typeof value === 'object' && value !== null && 'content' in value && value.content instanceof Html

/** The data for drawing a page. */
export interface Drawing {
  /** Default title. */
  readonly title: string
  readonly theme: Theme
  /** Web address of the server that frames it; `undefined` if it is not framed, or the server is not known. */
  readonly server: string | undefined
  readonly sessionToken: string | undefined
}

/** Completes a page. Content that starts with a doctype is already complete. */
export function drawPage(given: Html | PageParts, drawing: Drawing): Html {
  const parts = given instanceof Html ? { content: given } : given
  if (/^\s*<!doctype/i.test(parts.content.toString())) return parts.content
  const { content, title = drawing.title, head, lang = 'en', server = drawing.server } = parts
  const base = server?.replace(/\/+$/, '')
  return html`<!doctype html>
<html lang="${lang}" data-theme="${drawing.theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${drawing.theme}">
${drawing.sessionToken !== undefined && html`<meta name="session-token" content="${drawing.sessionToken}">\n`}<title>${title}</title>
${
  base !== undefined &&
  html`<link rel="stylesheet" href="${base}/atlassian-connect/all.css">
<script src="${base}/atlassian-connect/all.js"></script>
`
}${head}
</head>
<body>
${content}
</body>
</html>
`
}

/** Web address of an installation's server, which has the script for pages. */
export function serverOf(installation: Installation): string {
  const { homepage } = installation
  return homepage !== undefined && isWebAddress(homepage) ? homepage : originOf(installation)
}

/**
 * The installation without its homepage if that is not on an allowed host, which is possible since the
 * installation may be older than the list. Then the host of its capabilities document is used.
 */
export function withAllowedHomepage(
  installation: Installation,
  outbound: Pick<Outbound, 'check'>,
): Installation {
  const { homepage } = installation
  try {
    if (homepage !== undefined) outbound.check(homepage)
    return installation
  } catch (error) {
    if (!(error instanceof OutboundRefusedError)) throw error
    return { ...installation, homepage: undefined }
  }
}

/**
 * Origins that may frame a page of an installation: those of its server's web pages and of its API, without
 * duplicates.
 */
export const originsOf = (installation: Installation): string[] => [
  ...new Set([new URL(serverOf(installation)).origin, originOf(installation)]),
]

/**
 * Origins of all servers that the add-on accepts installations from, for a Content-Security-Policy. For
 * pages that are shown before the server is known.
 */
export function allowedOrigins(
  hosts: readonly string[] | undefined,
  loopback: boolean,
  plain: readonly string[] = [],
): string[] {
  const names = (hosts ?? []).filter((host) => !host.includes(':'))
  const named = names.flatMap((host) => [
    `https://${host}:*`,
    ...(plain.includes(host) ? [`http://${host}:*`] : []),
  ])
  return loopback
    ? [...named, ...['localhost', '127.0.0.1'].flatMap((host) => [`http://${host}:*`, `https://${host}:*`])]
    : named
}

/** A page that tells a person what happened, without details about the add-on. */
export const noticePage = (title: string, text: string): string =>
  html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem; max-width: 30rem }</style>
<h1>${title}</h1>
<p>${text}</p>
</html>
`.toString()

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
