// The thread that matches patterns; see `pattern-matching.ts`. Plain JavaScript, since a thread runs its file as it
// is, also from the sources with any Node.
import { parentPort } from 'node:worker_threads'
import { RE2JS } from 're2js'

const mostKept = 1000
const compiled = new Map()

parentPort?.on('message', ({ source, text }) => {
  let pattern = compiled.get(source)
  if (!pattern) {
    if (compiled.size >= mostKept) compiled.clear()
    pattern = RE2JS.compile(source)
    compiled.set(source, pattern)
  }
  parentPort?.postMessage(pattern.matcher(text).find())
})
