import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The style sheet that old pages of add-ons load by its URL; the script does not import it. */
function sheet(): Plugin {
  return {
    name: 'sheet',
    generateBundle() {
      this.emitFile({
        type: 'asset',
        fileName: 'all.css',
        source: readFileSync(file('frame/all.css')),
      })
    },
  }
}

/** One of the two scripts that pages of add-ons load: a classic script, which has no imports and runs at once. */
const script = (name: string, minify: boolean) => ({
  format: 'iife' as const,
  entryFileNames: name,
  minify,
})

/** The JavaScript API, next to the chat page, which is built first and clears the folder. */
export default defineConfig({
  root: file('.'),
  plugins: [sheet()],
  build: {
    outDir: file('../../dist/chat-page/atlassian-connect/'),
    emptyOutDir: true,
    target: 'es2019',
    modulePreload: false,
    rolldownOptions: {
      input: file('frame/all.ts'),
      output: [script('all.js', true), script('all-debug.js', false)],
    },
  },
})
