import { Argument, Command, Option } from 'commander'
import { type QueuedJob, queuedJob, queuedJobs, runNow } from '../addon/jobs/queued-job.ts'
import type { WorkState } from '../store/index.ts'
import { type AddonQueue, defaultStore, type StoreFlags, withQueue } from './addon-queue.ts'
import { detailLines, listLines, withoutSecrets } from './jobs-report.ts'
import { UsageError } from './usage.ts'

interface Given extends StoreFlags {
  readonly state?: keyof typeof states
  readonly json?: boolean
}

const states = {
  waiting: 'waiting',
  running: 'running',
  'given-up': 'given up',
} as const satisfies Record<string, WorkState>

const examples = `
Examples:
  hipchat-addon jobs list
  hipchat-addon jobs list --state given-up --json
  hipchat-addon jobs show job:remind:294966c4-d707-4191-9d2a-80d6cbefd514:tea
  STORE_URL=redis://cache.example.com hipchat-addon jobs run job:remind:294966c4-d707-4191-9d2a-80d6cbefd514:tea \\
    --key com.example.reminders

Run it as the user of the add-on, which may be running or not. If the add-on has a secretKey, the command needs it in
SECRET_KEY. Variables in a file .env count too.

Exit codes:
  0  done
  1  there is no job with this id, it is running, or the store cannot be used
  2  wrong arguments`

/** `hipchat-addon jobs`: lists and changes what is in the queue of an add-on. */
export function jobsCommand(): Command {
  return new Command('jobs')
    .description('Lists, shows, runs or removes the jobs, schedules and retries of an add-on.')
    .addArgument(new Argument('<action>', 'what to do').choices(['list', ...Object.keys(actions)]))
    .argument('[id]', 'id of the job, as printed by list')
    .addOption(
      new Option('--store <url-or-folder>', "the add-on's store; default: ./.hipchat-addon")
        .env('STORE_URL')
        .default(undefined, defaultStore),
    )
    .addOption(
      new Option('--key <key>', "the add-on's key; default: that of the only add-on in the store").default(
        undefined,
        'the only add-on in the store',
      ),
    )
    .addOption(
      new Option('--state <state>', 'only jobs in this state, for list').choices(Object.keys(states)),
    )
    .addOption(new Option('--json', 'print the result as JSON'))
    .addHelpText('after', examples)
    .action(run)
}

async function run(
  action: keyof typeof actions | 'list',
  id: string | undefined,
  given: Given,
): Promise<void> {
  if (action === 'list') {
    if (id !== undefined) throw new UsageError(`list: expected no id, got ${id}`)
    return withQueue(given, (opened) => list(opened, given))
  }
  if (!id) throw new UsageError(`${action}: expected the id of a job, as printed by list`)
  if (given.state) throw new UsageError(`--state: expected with list only, got with ${action}`)
  return withQueue(given, (opened) => actions[action](opened, id, given))
}

async function list({ queue, form }: AddonQueue, { state, json }: Given): Promise<void> {
  const jobs: QueuedJob[] = []
  for await (const job of queuedJobs(queue, form, state && [states[state]])) jobs.push(withoutSecrets(job))
  if (json) return console.log(JSON.stringify(jobs))
  if (jobs.length === 0) return console.log(`Nothing is ${state ? states[state] : 'queued'}.`)
  for (const line of listLines(jobs, Date.now(), process.stdout.columns)) console.log(line)
}

/** What can be done with one job. */
const actions = {
  async show({ queue, form }: AddonQueue, id: string, { json }: Given): Promise<void> {
    const found = await queuedJob(queue, form, id)
    if (!found) throw unknown(id)
    const job = withoutSecrets(found)
    if (json) return console.log(JSON.stringify(job))
    for (const line of detailLines(job, Date.now())) console.log(line)
  },

  async run(opened: AddonQueue, id: string, given: Given): Promise<void> {
    const { queue, form } = opened
    if (!(await runNow(queue, form, id))) throw await refusal(queue, id)
    say(opened, id, given, `Due now  ${id}: it runs within seconds, or when the add-on starts`)
  },

  async cancel(opened: AddonQueue, id: string, given: Given): Promise<void> {
    const { queue } = opened
    if (!(await queue.cancel(id))) throw await refusal(queue, id)
    const note = id.startsWith('schedule:')
      ? ': the schedule itself goes on when the add-on starts again'
      : ''
    say(opened, id, given, `Removed  ${id}${note}`)
  },
}

function say({ key }: AddonQueue, id: string, { json }: Given, text: string): void {
  console.log(json ? JSON.stringify({ id, key }) : text)
}

/** Why a job could not be changed. */
async function refusal(queue: AddonQueue['queue'], id: string): Promise<Error> {
  if (!(await queue.get(id))) return unknown(id)
  return new Error(
    `${id} is running: try again when it has ended; if its process was killed, when the add-on has started again`,
  )
}

const unknown = (id: string): Error =>
  new Error(`no job has the id ${id}: it has run or was removed, or the id is not one that jobs list prints`)
