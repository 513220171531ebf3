import type { Argument } from 'commander'
import { createAddon } from 'hipchat-addon'
import { createHipChatServer } from 'hipchat-addon/server'
import * as testing from 'hipchat-addon/testing'
import { describe, expect, it } from 'vitest'
import { optionsOf } from '../../src/addon/modules/module-options.ts'
import { readOptions } from '../../src/addon/options.ts'
import { conditionNames } from '../../src/api/descriptor.ts'
import { eventNames } from '../../src/api/events.ts'
import { scopeNames } from '../../src/api/scopes.ts'
import { createCommands } from '../../src/cli/commands.ts'
import { serverCommand } from '../../src/cli/server.ts'
import { paths } from '../../src/paths.ts'
import { defaultLimits } from '../../src/server/http/window-counter.ts'
import { series } from '../../src/telemetry/metrics.ts'
import { deliveryResults } from '../../src/telemetry/observer.ts'
import { codeIn, readPage, rows, section } from './markdown.ts'

const firstCode = (cells: string[]): string => codeIn(cells[0] ?? '')[0] ?? ''

/** The names an unknown option is answered with. */
function namesIn(refuse: () => unknown, before: RegExp): string[] {
  try {
    refuse()
  } catch (error) {
    return (error as Error).message.split(before)[1]?.split(', ') ?? []
  }
  throw new Error('the unknown option was accepted')
}

const dice = { key: 'com.example.dice', name: 'Dice', description: 'Rolls dice', scopes: [] }

describe('the options of createAddon', () => {
  const page = readPage('docs/reference/options.md')

  it('are all in the reference, and no others', () => {
    const unknown = { ...dice, nonsense: true } as typeof dice
    const known = namesIn(() => createAddon(unknown), /expected one of /)
    expect(known).toContain('baseUrl')
    expect(rows(page).map(firstCode).toSorted()).toEqual(known.toSorted())
  })

  it('have the defaults that the reference names', () => {
    const settings = readOptions(dice)
    const figures = Object.entries(settings).filter(([, value]) => typeof value === 'number')
    expect(figures.length).toBeGreaterThan(3)
    for (const [name, value] of figures) {
      const row = rows(page).find((cells) => firstCode(cells) === name)
      expect(Number(row?.[1]?.replaceAll(',', '')), name).toBe(value)
    }
  })

  it('take the scopes that the reference lists', () => {
    const listed = codeIn(page).filter((code) => (scopeNames as string[]).includes(code))
    expect([...new Set(listed)].toSorted()).toEqual(scopeNames.toSorted())
  })
})

describe('the modules of an add-on', () => {
  const page = readPage('docs/reference/modules.md')

  it.each(Object.entries(optionsOf))(
    '%s have the options that the reference lists, and no others',
    (kind, checks) => {
      const listed = rows(section(page, kind)).map(firstCode)
      expect(listed.toSorted()).toEqual(Object.keys(checks).toSorted())
    },
  )

  it('have the conditions that the reference lists', () => {
    expect(rows(section(page, 'Conditions')).map(firstCode)).toEqual(conditionNames)
  })
})

describe('the metrics of an add-on', () => {
  const page = readPage('docs/reference/metrics.md')

  it('are all in the reference with their types and labels, and no others', () => {
    const listed = rows(section(page, 'Series')).map(([name = '', type, labels = '']) => ({
      name: codeIn(name)[0],
      type,
      labels: codeIn(labels),
    }))
    expect(listed).toEqual(Object.values(series).map(({ name, type, labels }) => ({ name, type, labels })))
  })

  it('have the label values that the reference names', () => {
    const closed = Object.values(series).filter((one) => 'values' in one)
    expect(closed.length).toBeGreaterThan(3)
    for (const { name, values } of closed) {
      const row = rows(page).find((cells) => firstCode(cells) === name)
      expect(codeIn(row?.[3] ?? ''), name).toEqual(expect.arrayContaining([...values]))
    }
    expect(rows(section(page, 'Results of deliveries')).map(firstCode)).toEqual(deliveryResults)
  })

  it('are asked for with the members that the reference lists, and no others', () => {
    const unknown = { ...dice, metrics: { nonsense: true } } as typeof dice
    const known = namesIn(() => createAddon(unknown), /expected one of /)
    expect(rows(section(page, 'The option metrics')).map(firstCode)).toEqual(known)
  })
})

describe('the compatible server', () => {
  const page = readPage('docs/reference/server.md')

  it('has the options that the reference lists, and no others', () => {
    const known = namesIn(() => createHipChatServer({ nonsense: true } as object), /expected one of /)
    expect(known).toContain('publicUrl')
    expect(rows(section(page, 'createHipChatServer')).map(firstCode).toSorted()).toEqual(known.toSorted())
  })

  it('has the members that the reference lists, and no others', () => {
    const listed = rows(section(page, 'Members')).map(firstCode)
    expect(listed.map((code) => code.replace(/\(.*$/, '')).toSorted()).toEqual(
      Object.keys(createHipChatServer()).toSorted(),
    )
  })

  it('has the options on the command line that the reference lists, with their defaults', () => {
    const listed = rows(section(page, 'hipchat-addon server'))
    const options = serverCommand().options
    expect(listed.map(firstCode).toSorted()).toEqual(options.map(({ long }) => long).toSorted())
    for (const { long, defaultValue } of options)
      if (defaultValue !== undefined)
        expect(listed.find((cells) => firstCode(cells) === long)?.[1]).toBe(String(defaultValue))
  })

  it('has the allowances that the reference names', () => {
    for (const [name, figure] of Object.entries(defaultLimits))
      expect(page).toMatch(new RegExp(`\`${name}\`\\s+\\(${figure}\\b`))
  })
})

describe('hipchat-addon', () => {
  it('has the commands that the reference lists, with their arguments and what they do', () => {
    const listed = rows(section(readPage('docs/reference/command-line.md'), 'Commands'))
    expect(listed.map(([usage = '', what]) => [codeIn(usage)[0], what])).toEqual(
      createCommands().map((command) => [
        [command.name(), ...command.registeredArguments.map(argumentOf)].join(' '),
        command.description(),
      ]),
    )
  })
})

const argumentOf = (argument: Argument): string =>
  argument.required ? `<${argument.name()}>` : `[${argument.name()}]`

// The server's are with all else about it, and are compared above.
const elsewhere = createCommands().filter((command) => command.name() !== 'server')

describe.each(elsewhere.map((command) => [command.name(), command] as const))(
  'hipchat-addon %s',
  (name, command) => {
    it('has the options that the reference lists, with their defaults and variables', () => {
      const listed = rows(section(readPage('docs/reference/command-line.md'), `hipchat-addon ${name}`))
      const { options } = command
      expect(listed.map(firstCode)).toEqual(options.map(({ long }) => long))
      for (const [index, { defaultValue, defaultValueDescription, envVar }] of options.entries()) {
        if (defaultValueDescription !== undefined) expect(listed[index]?.[1]).toBe(defaultValueDescription)
        else if (defaultValue !== undefined) expect(listed[index]?.[1]).toBe(`\`${String(defaultValue)}\``)
        expect(listed[index]?.[2]).toBe(envVar === undefined ? '' : `\`${envVar}\``)
      }
    })
  },
)

describe('hipchat-addon trigger', () => {
  it('has the events that the reference lists', () => {
    const text = section(readPage('docs/reference/command-line.md'), 'Event values')
    expect(rows(text).map(firstCode).toSorted()).toEqual(eventNames.toSorted())
  })
})

describe('the test kit', () => {
  const page = readPage('docs/reference/testing.md')
  const listed = (heading: string) => {
    const [text = ''] = section(page, heading).split('\n#')
    return rows(text)
      .map(firstCode)
      .map((code) => code.replace(/\(.*$/, ''))
      .toSorted()
  }

  it('gives what the reference lists, in rooms that have what it lists, and nothing else', async () => {
    await using group = await testing.testAddon((options) => createAddon({ ...dice, ...options }))
    expect(listed('Result')).toEqual(Object.keys(group).toSorted())
    expect(listed('A room')).toEqual(Object.keys(group.room).toSorted())
    expect(listed('Events')).toEqual(eventNames.toSorted())
  })

  it('exports what the reference names', () => {
    const named = codeIn(page).map((code) => code.replace(/\(.*$/, ''))
    expect(named).toEqual(expect.arrayContaining(Object.keys(testing)))
  })
})

describe('the routes of an add-on', () => {
  it('are all in the reference, and no others', () => {
    const text = readPage('docs/reference/routes.md').split('\n## ')[0] ?? ''
    const listed = rows(text)
      .flatMap((cells) => codeIn(cells[0] ?? ''))
      .map((route) => route.replace(/^[A-Z]+ /, '').replace(/(?:\/OAUTH_ID|KEY|NAME)$/, ''))
    expect([...new Set(listed)].toSorted()).toEqual(['/', ...Object.values(paths)].toSorted())
  })
})
