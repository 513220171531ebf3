import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'
import type { Operation } from '../api/operation.ts'
import { operations } from '../api/operations/index.ts'
import { administration } from '../server/admin/routes.ts'
import { pageApi } from '../server/chat-page/routes.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

/** The tables of operations without what a browser does not need: keeps verb, path, kind of body, names of query parameters. */
function calls(): Plugin {
  const name = 'virtual:calls'
  const line = (base: string, { method, path, body, query, result }: Operation) => [
    method,
    base + path,
    body?.type ?? null,
    Object.keys(query ?? {}),
    result.kind === 'json' ? (result.member ?? null) : null,
  ]
  const lines = (base: string, table: Readonly<Record<string, Operation>>) =>
    Object.entries(table).map(([id, operation]) => [id, line(base, operation)])
  return {
    name: 'calls',
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load: (id) =>
      id === `\0${name}`
        ? `export const calls = ${JSON.stringify(
            Object.fromEntries([
              ...lines('/v2', operations),
              ...lines('/admin', administration),
              ...lines('/page', pageApi),
            ]),
          )}`
        : undefined,
  }
}

/** The licences of the bundled packages, next to them, as they require. */
function licences(...packages: readonly string[]): Plugin {
  const textOf = (name: string) =>
    `${name}\n\n${readFileSync(new URL(`../../node_modules/${name}/LICENSE`, import.meta.url), 'utf8')}`
  return {
    name: 'licences',
    generateBundle() {
      this.emitFile({
        type: 'asset',
        fileName: 'licences.txt',
        source: packages.map(textOf).join('\n\n'),
      })
    },
  }
}

// The build is for production, whatever the environment says: a test run has NODE_ENV=test, which would put
// file names of this machine into it.
if (!process.argv.includes('serve') && !process.argv.includes('dev')) process.env['NODE_ENV'] = 'production'

export default defineConfig({
  root: here,
  base: '/',
  plugins: [calls(), licences('preact', '@preact/signals', '@preact/signals-core')],
  // The same page in every environment: by default NODE_ENV would decide whether it names its source files.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact', development: false } },
  worker: { format: 'es' },
  build: {
    outDir: fileURLToPath(new URL('../../dist/chat-page/', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the page's policy lets no data: script or style in
    modulePreload: { polyfill: false },
  },
  server: {
    // `npm run dev:page`: the page with live changes, in front of a server that runs next to it.
    proxy: Object.fromEntries(
      ['/v2', '/admin', '/page', '/files', '/pictures', '/atlassian-connect'].map((path) => [
        path,
        { target: process.env['HIPCHAT_URL'] || 'http://127.0.0.1:8080', changeOrigin: false },
      ]),
    ),
  },
})
