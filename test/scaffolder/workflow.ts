import { tsImport } from 'tsx/esm/api'

// It imports JSON as bundlers take it; Node alone does not.
const {
  convertWorkflowTemplate,
  isBoolean,
  isMapping,
  isNumber,
  isSequence,
  isString,
  NoOperationTraceWriter,
  parseWorkflow,
}: typeof import('@actions/workflow-parser') = await tsImport('@actions/workflow-parser', import.meta.url)

export interface Job {
  /** What the job is done for once each, by its name in `matrix`. */
  readonly matrix: Readonly<Record<string, readonly unknown[]>>
  readonly steps: readonly ({ readonly uses: string } | { readonly run: string })[]
}

/** A workflow, as GitHub's own reader has it, and what is wrong with it. */
export interface Workflow {
  readonly jobs: readonly Job[]
  readonly faults: readonly string[]
}

/** Reads a workflow. `scripts` are those that its project has. */
export async function readWorkflow(text: string, scripts: readonly string[]): Promise<Workflow> {
  const { context, value } = parseWorkflow({ name: 'ci.yml', content: text }, new NoOperationTraceWriter())
  const read = value && (await convertWorkflowTemplate(context, value))
  const told = context.errors.getErrors().map(({ message }) => message)
  if (!read || told.length > 0) return { jobs: [], faults: told.length > 0 ? told : ['it is empty'] }
  const jobs = read.jobs.map((job): Job => {
    if (job.type !== 'job') throw new Error(`${job.id}: a workflow of others is more than this can read`)
    const { matrix = {} } = (plain(job.strategy) ?? {}) as { matrix?: Job['matrix'] } // the reader has checked it
    const steps = job.steps.map((step) => {
      if ('run' in step) return { run: String(plain(step.run)) }
      if ('uses' in step) return { uses: String(plain(step.uses)) }
      throw new Error(`${job.id}: a step that neither runs nor uses something is more than this can read`)
    })
    return { matrix, steps }
  })
  return { jobs, faults: [...lateFaults(text, jobs, scripts)] }
}

/** What GitHub finds out only when the jobs run. */
function* lateFaults(text: string, jobs: readonly Job[], scripts: readonly string[]): Generator<string> {
  const rows = jobs.flatMap(({ matrix }) => Object.keys(matrix))
  for (const [, name = ''] of text.matchAll(/\bmatrix\.([\w-]+)/g))
    if (!rows.includes(name)) yield `matrix.${name}: expected ${rows.join(', ') || 'no matrix'}`
  for (const step of jobs.flatMap(({ steps }) => steps))
    if ('uses' in step) {
      if (!/^[\w-]+\/[\w./-]+@v\d+$/.test(step.uses)) yield `uses: ${step.uses}: expected owner/name@vMAJOR`
    } else
      for (const [, script = ''] of step.run.matchAll(/\bnpm (?:run )?(?!ci\b|install\b|run\b)([\w:-]+)/g))
        if (!scripts.includes(script)) yield `run: ${step.run}: the project has no script ${script}`
}

/** What a token stands for. Expressions stand for nothing before the job runs. */
function plain(token: unknown): unknown {
  const value = token as Parameters<typeof isMapping>[0] // the guards look for themselves
  if (isMapping(value))
    return Object.fromEntries([...value].map(({ key, value }) => [String(plain(key)), plain(value)]))
  if (isSequence(value)) return [...value].map(plain)
  if (isString(value) || isNumber(value) || isBoolean(value)) return value.value
  return undefined
}
