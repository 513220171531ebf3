import { describe, expect, it } from 'vitest'
import { type Member, membersOf } from './interfaces.ts'
import { readPage } from './markdown.ts'

/**
 * The reference of functions is written from the doc comments of what they take:
 * `npx vitest run test/structure/functions-reference.test.ts --update` writes it again.
 */
it('docs/reference/functions.md says what the doc comments say', async () => {
  const page = [introduction, ...sections.map(sectionOf)].join('\n')
  await expect(page).toMatchFileSnapshot('../../docs/reference/functions.md')
})

interface Section {
  readonly heading: string
  readonly text: string
  readonly file: string
  /** Interfaces whose members are listed, one table each. */
  readonly interfaces: readonly string[]
  /** Whether its members are options, of which some are required. */
  readonly options?: false
}

const sections: readonly Section[] = [
  {
    heading: 'An add-on',
    text: 'The result of `createAddon`. Methods that register modules are listed in [modules](modules.md).',
    file: 'src/addon/addon.ts',
    interfaces: ['Addon'],
    options: false,
  },
  {
    heading: 'addon.webhook(event, options, handler)',
    text: 'The options are optional. [Events](events.md) lists what a handler gets.',
    file: 'src/addon/deliveries/registration.ts',
    interfaces: ['WebhookOptions'],
  },
  {
    heading: 'addon.command(usage, options, handler)',
    text: 'The options are optional. An example of `usage` is `/remind <who> [when] [what...]`.',
    file: 'src/addon/deliveries/registration.ts',
    interfaces: ['CommandOptions'],
  },
  {
    heading: 'addon.job(name, options, handler)',
    text: 'The options are optional. The handler gets the same as [the handler of a webhook](events.md), without the event: `installation`, `room`, `client`, `store`, `glance`, `log`, `signal`, `attempt`, `step`, and `job`, `jobId` and `data`. `RetryOptions` are those of webhooks and schedules too.',
    file: 'src/addon/jobs/job.ts',
    interfaces: ['JobOptions'],
  },
  {
    heading: 'The option retry',
    text: 'Of webhooks, commands, jobs and schedules.',
    file: 'src/addon/deliveries/retry.ts',
    interfaces: ['RetryOptions'],
  },
  {
    heading: 'job.add(target, data, options)',
    text: 'What `addon.job` returns has the methods `add` and `cancel`. The target is the context of a handler, or an installation. The options are optional, and so is the data if the job has none.',
    file: 'src/addon/jobs/job.ts',
    interfaces: ['AddJobOptions'],
  },
  {
    heading: 'addon.schedule(name, options, handler)',
    text: 'The handler gets the same as that of a job, with `schedule` and `scheduledFor` instead of `job`, `jobId` and `data`.',
    file: 'src/addon/jobs/schedule.ts',
    interfaces: ['ScheduleOptions'],
  },
  {
    heading: 'addon.on(hook, handler)',
    text: 'Hooks by name. Each gets `installation`, `client`, `glance`, `store`, `log`, `signal`, and `room` unless the installation is global; `replaced` also gets `old`.',
    file: 'src/addon/addon.ts',
    interfaces: ['HookContexts'],
    options: false,
  },
  {
    heading: 'addon.settings(options)',
    text: '[Let people configure your add-on](../how-to/configure.md) explains the fields.',
    file: 'src/addon/settings/settings.ts',
    interfaces: ['SettingsOptions'],
  },
  {
    heading: 'readJson(ctx, options), readText(ctx, options)',
    text: 'For routes of `addon.router`; the options are optional. `accept` is for JSON only.',
    file: 'src/addon/request-body.ts',
    interfaces: ['BodyOptions', 'JsonOptions'],
  },
  {
    heading: 'addon.static(path, folder, options)',
    text: 'The options are optional.',
    file: 'src/addon/pages/static-files.ts',
    interfaces: ['StaticOptions'],
  },
  {
    heading: 'page(content, options)',
    text: 'The return value for a handler of a page; the options are optional.',
    file: 'src/addon/pages/page.ts',
    interfaces: ['PageOptions'],
  },
  {
    heading: 'card.application(options) and others',
    text: 'All styles, `application`, `link`, `image`, `file` and `media`, take the options in the first table; three of them also those in the tables after it. [Send cards](../how-to/cards.md) explains when to use each.',
    file: 'src/client/card.ts',
    interfaces: ['CardOptions', 'ApplicationCardOptions', 'LinkCardOptions', 'ImageCardOptions'],
  },
  {
    heading: 'Every API call',
    text: 'The options follow the [parameters](api.md): `room.getRoom({}, { signal })`.',
    file: 'src/client/method-types.ts',
    interfaces: ['CallOptions'],
  },
  {
    heading: 'createPersonalClient(options)',
    text: 'Creates a client for the calls that people may make, for scripts.',
    file: 'src/client/personal.ts',
    interfaces: ['PersonalClientOptions'],
  },
]

const introduction = `# Functions

The functions of the package and their options, except [the options of createAddon](options.md),
[those of modules](modules.md) and [those of the compatible server](server.md#createhipchatserver). Unknown or invalid options
are refused with \`ERR_CONFIGURATION\`, by name; the options of a call are not checked.

This page is generated from the doc comments in the sources, which your editor shows too.
`

function sectionOf({ heading, text, file, interfaces, options }: Section): string {
  const tables = interfaces.map((name, index) => {
    const table = options === false ? memberTable(membersOf(file, name)) : optionTable(membersOf(file, name))
    return index === 0 ? table : `\`${name}\`:\n\n${table}`
  })
  return `## ${heading}\n\n${text}\n\n${tables.join('\n\n')}\n`
}

const memberTable = (members: readonly Member[]): string =>
  [
    '| member | what |',
    '| --- | --- |',
    ...members.map(({ name, text }) => `| \`${name}\` | ${text} |`),
  ].join('\n')

const optionTable = (members: readonly Member[]): string =>
  [
    '| option | | what |',
    '| --- | --- | --- |',
    ...members.map(({ name, required, text }) => `| \`${name}\` | ${required ? 'required' : ''} | ${text} |`),
  ].join('\n')

/** Options that are on other pages, where they are compared with what is accepted. */
const elsewhere = {
  AddonOptions: 'docs/reference/options.md',
  MetricsOptions: 'docs/reference/metrics.md',
  NotificationOptions: 'docs/reference/api.md',
  ...Object.fromEntries(
    ['Glance', 'WebPanel', 'Dialog', 'Action', 'ExternalPage', 'Configurable'].map((kind) => [
      `${kind}Options`,
      'docs/reference/modules.md',
    ]),
  ),
}

describe('the options that the package exports', () => {
  it('are all in the reference', () => {
    const exported = [...readPage('src/index.ts').matchAll(/\b(\w+Options)\b/g)].map(([, name]) => name)
    const documented = [...Object.keys(elsewhere), ...sections.flatMap(({ interfaces }) => interfaces)]
    expect(exported.length).toBeGreaterThan(15)
    expect(documented.filter((name) => name.endsWith('Options')).toSorted()).toEqual(exported.toSorted())
  })

  it('are read whole from the sources: every member, and whether it may be left out', () => {
    expect(
      membersOf('src/addon/deliveries/registration.ts', 'WebhookOptions').map(({ name }) => name),
    ).toEqual(['pattern', 'key', 'name', 'declared', 'ordered', 'durable', 'retry'])
    const [apiUrl, , scopes] = membersOf('src/client/personal.ts', 'PersonalClientOptions')
    expect(apiUrl).toEqual({
      name: 'apiUrl',
      required: true,
      text: 'Base address of the API, such as `https://api.hipchat.com/v2`.',
    })
    expect(scopes).toMatchObject({ name: 'scopes', required: false })
    expect(membersOf('src/addon/addon.ts', 'Addon').filter(({ text }) => text === '')).toEqual([])
  })
})
