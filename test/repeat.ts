/**
 * `npm run test:repeat`: runs the suite several times, half of them next to a process that keeps a core busy. Prints
 * each failed test with its error, and ends with 1 if there was one: a test that fails now and then is a fault.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const usage = `Usage: npm run test:repeat -- [options] [test files]

Options:
  --runs <count>  number of runs; 10 by default. Every second run is next to a busy core.
  --help          show this

Name test files as for vitest: test/browser/inspector.test.ts, or a part of that.`

const root = fileURLToPath(new URL('../', import.meta.url))
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))

/** The output of vitest's JSON reporter, as far as it is used here. */
interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

function readArguments(): { help: boolean; runs: number; files: readonly string[] } {
  const { values, positionals } = parseArgs({
    options: { runs: { type: 'string', default: '10' }, help: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const runs = Number(values.runs)
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs: expected a whole number above 0, got ${values.runs}`)
  return { help: values.help, runs, files: positionals }
}

/** A process that does nothing but keep a core busy, until it is killed or this process is gone. */
const startBusyCore = (): ChildProcess =>
  spawn(process.execPath, ['-e', 'const { ppid } = process; while (process.ppid === ppid);'], {
    stdio: 'ignore',
  })

/** One run of the suite; returns its exit code and the failures by test name. */
async function runSuite(files: readonly string[], report: string): Promise<[number, Map<string, string>]> {
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${report}`]
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...files], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const code = await new Promise<number>((resolve) => child.on('close', (ended) => resolve(ended ?? 1)))
  const failed = new Map<string, string>()
  for (const { name, status, message, assertionResults } of reportOf(report)) {
    const tests = assertionResults.filter((test) => test.status === 'failed')
    const file = name.replace(root, '')
    for (const { fullName, failureMessages } of tests)
      failed.set(`${file} > ${fullName}`, failureMessages.join('\n'))
    if (status === 'failed' && tests.length === 0) failed.set(file, message)
  }
  if (code !== 0 && failed.size === 0) failed.set('(the run itself)', `vitest ended with ${code}`)
  return [code, failed]
}

function reportOf(file: string): Report['testResults'] {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as Report).testResults // written by vitest's reporter
  } catch {
    return [] // vitest ended before writing it
  }
}

const { help, runs, files } = readArguments()
if (help) {
  console.log(usage)
  process.exit(0)
}
const folder = mkdtempSync(join(tmpdir(), 'repeat-'))
const seen = new Map<string, { runs: number[]; error: string }>()
let busy: ChildProcess | undefined
process.on('exit', () => {
  busy?.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
for (let run = 1; run <= runs; run += 1) {
  busy = run % 2 === 0 ? startBusyCore() : undefined
  const begun = performance.now()
  const [code, failed] = await runSuite(files, join(folder, `${run}.json`))
  busy?.kill('SIGKILL')
  const seconds = Math.round((performance.now() - begun) / 1000)
  console.log(
    `run ${run} of ${runs}${busy ? ', next to a busy core' : ''}: ${code === 0 ? 'passed' : `${failed.size} failed`}, ${seconds} s`,
  )
  for (const [test, error] of failed) {
    const before = seen.get(test)
    seen.set(test, { runs: [...(before?.runs ?? []), run], error: before?.error ?? error })
  }
}
for (const [test, { runs: which, error }] of seen)
  console.log(`\n${test}\nfailed in ${which.length} of ${runs} runs (${which.join(', ')}):\n${error}`)
process.exitCode = seen.size === 0 ? 0 : 1
