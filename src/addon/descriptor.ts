import { createHash } from 'node:crypto'
import { type Descriptor, descriptor } from '../api/descriptor.ts'
import { Html, html } from '../common/html.ts'
import { validate } from '../common/validate.ts'
import { ConfigurationError } from '../errors.ts'
import { paths } from '../paths.ts'
import type { Webhook } from './deliveries/delivery.ts'
import type { IconAddresses } from './modules/icons.ts'
import type { Modules } from './modules/modules.ts'
import type { AddonOptions } from './options.ts'

/** The descriptor as it is served: parsed, as JSON text, and with the ETag of this version. */
export interface ServedDescriptor {
  readonly document: Descriptor
  readonly text: string
  readonly etag: string
}

/** The registrations, and the avatar, which depends on the base address too. */
export interface Declared {
  readonly modules: Modules
  readonly avatar: IconAddresses | ((baseUrl: string) => string) | undefined
  webhooks(): readonly Webhook[]
}

/**
 * Derives the descriptor from the options and registrations, and validates it against HipChat's schema.
 * Throws a {@link ConfigurationError} if it is not valid.
 */
export function createDescriptor(
  options: AddonOptions,
  baseUrl: string,
  { webhooks, modules, avatar }: Declared,
): ServedDescriptor {
  const { key, name, description, vendor, homepage, fromName, scopes } = options
  const document = {
    key,
    name,
    description,
    ...(vendor ? { vendor } : {}),
    links: { self: `${baseUrl}${paths.descriptor}`, homepage: homepage ?? `${baseUrl}/` },
    capabilities: {
      installable: {
        allowRoom: options.allowRoom ?? true,
        allowGlobal: options.allowGlobal ?? true,
        ...callbacks(options.installation ?? 'server', baseUrl),
      },
      hipchatApiConsumer: {
        scopes: [...scopes],
        fromName: fromName ?? name,
        ...(avatar ? { avatar: avatar(baseUrl) } : {}),
      },
      ...webhookCapability(webhooks(), baseUrl),
      ...modules.capabilities(baseUrl),
    },
  }
  const checked = validate(descriptor, document)
  if (!checked.ok) throw new ConfigurationError(`the descriptor is not valid: ${checked.problem.message}`)
  const text = JSON.stringify(document, null, 2)
  return {
    document: checked.value,
    text,
    etag: `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`,
  }
}

function callbacks(installation: 'server' | 'browser', baseUrl: string): Record<string, string> {
  return installation === 'server'
    ? {
        callbackUrl: `${baseUrl}${paths.installable}`,
        updateCallbackUrl: `${baseUrl}${paths.updated}`,
      }
    : {
        installedUrl: `${baseUrl}${paths.browserInstalled}`,
        updatedUrl: `${baseUrl}${paths.browserUpdated}`,
        uninstalledUrl: `${baseUrl}${paths.browserUninstalled}`,
      }
}

function webhookCapability(webhooks: readonly Webhook[], baseUrl: string) {
  const declared = webhooks.filter((webhook) => webhook.declared)
  if (declared.length === 0) return {}
  return {
    webhook: declared.map(({ key, event, pattern, name }) => ({
      key,
      name,
      event,
      ...(pattern === undefined ? {} : { pattern }),
      url: `${baseUrl}${paths.webhook}${key}`,
      authentication: 'jwt',
    })),
  }
}

const script = `
  document.getElementById('install').addEventListener('submit', (event) => {
    event.preventDefault()
    const server = document.getElementById('server').value.replace(/\\/+$/, '')
    location.href = server + '/addons/install?url=' + encodeURIComponent(event.target.dataset.descriptor)
  })
`

/** Content-Security-Policy of the page: only its own script may run. */
export const pagePolicy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'; base-uri 'none'; frame-ancestors 'none'`

/** The page that a browser gets at the descriptor's address. */
export function descriptorPage({ document }: ServedDescriptor): Html {
  const scopes = document.capabilities?.hipchatApiConsumer?.scopes ?? []
  const self = document.links.self
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${document.name}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #172b4d }
  code, input { font: 14px/1.5 ui-monospace, monospace }
  input { width: 100%; padding: .5rem; box-sizing: border-box; border: 1px solid #c1c7d0; border-radius: 3px }
  button { padding: .5rem 1rem; border: 0; border-radius: 3px; background: #0052cc; color: #fff; font: inherit }
  label { display: block; margin: 1rem 0 .25rem }
</style>
<h1>${document.name}</h1>
<p>${document.description}</p>
<p>This is a HipChat add-on. Its descriptor is at <a href="${self}"><code>${self}</code></a>.</p>
${
  scopes.length > 0
    ? html`<p>It asks for ${scopes.map((scope, at) => html`${at > 0 && ', '}<code>${scope}</code>`)}.</p>`
    : html`<p>It asks for no scopes.</p>`
}
<h2>Install it</h2>
<form id="install" data-descriptor="${self}">
  <label for="server">Web address of your HipChat server</label>
  <input id="server" type="url" required placeholder="https://chat.example.net">
  <p><button>Install</button></p>
</form>
<script>${new Html(script)}</script>
</html>
`
}
