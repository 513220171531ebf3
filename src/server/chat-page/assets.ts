import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from '../http/html-page.ts'

/**
 * Where the build puts the browser files: next to this file when it is built itself, otherwise where the build
 * would put them.
 */
const folder = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../../dist/chat-page/' : '../../chat-page/', import.meta.url),
)

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
}

/**
 * What the chat page may do: run its own script, call this server, fetch the contents of add-ons' glances, show
 * their pictures and frame their pages. No page may frame it.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' http: https: data: blob:",
  "font-src 'self'",
  "connect-src 'self' http: https:",
  'frame-src http: https:',
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Frames of add-ons load these from other origins. */
const forFrames = '/atlassian-connect/'

let built: ReadonlyMap<string, Page> | undefined

/**
 * The chat page, its parts, and the script for add-ons' frames; `undefined` when there is no such file, or it has
 * not been built. Read once: a later build needs a restart.
 */
export function assetAt(path: string): Page | undefined {
  built ??= readAll()
  return built.get(path === '/' || path === '/chat' || path.startsWith('/chat/') ? '/index.html' : path)
}

function readAll(): ReadonlyMap<string, Page> {
  const found = new Map<string, Page>()
  for (const file of filesIn(folder)) {
    const path = `/${file.replaceAll('\\', '/')}`
    const body = readFileSync(join(folder, file))
    found.set(path, { headers: headersOf(path, body), body })
  }
  return found
}

function filesIn(where: string): string[] {
  try {
    return readdirSync(where, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && extname(entry.name) in types)
      .map((entry) => join(entry.parentPath, entry.name).slice(where.length))
  } catch {
    return [] // run from the sources, before the first build
  }
}

function headersOf(path: string, body: Buffer): Readonly<Record<string, string>> {
  const named = path.startsWith('/assets/') // their names change with their contents
  return {
    'Content-Type': types[extname(path)] ?? 'application/octet-stream',
    'Cache-Control': named ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 20)}"`,
    ...(path === '/index.html'
      ? {
          'Content-Security-Policy': policy,
          'Referrer-Policy': 'no-referrer',
          'X-Frame-Options': 'DENY',
          'Cross-Origin-Opener-Policy': 'same-origin',
        }
      : {}),
    ...(path.startsWith(forFrames)
      ? { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' }
      : {}),
  }
}
