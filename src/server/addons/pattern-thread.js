// The thread that looks for patterns in texts; see `pattern-matching.ts`. Plain JavaScript, since a thread is started from a
// file as it is: from the sources, too, with any Node.
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
