import { html } from '../common/html.ts'

/** The page at `/`: says what runs here and where its API is. */
export const frontPage = {
  headers: {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'Referrer-Policy': 'no-referrer',
    'X-Frame-Options': 'DENY',
  },
  body: (publicUrl: string): string =>
    html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>HipChat-compatible server</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 40rem; padding: 0 1rem }</style>
<h1>HipChat-compatible server</h1>
<p>The API is at <code>${publicUrl}/v2</code>, its capabilities document at
<code>${publicUrl}/v2/capabilities</code>.</p>
`.toString(),
} as const
