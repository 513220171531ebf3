import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { options } from '../../templates/arguments.ts'
import { templates } from '../../templates/project.ts'
import { needsProc } from '../proc.ts'
import { codeIn, readPage, root, rows, section } from '../structure/markdown.ts'
import { needsTerminal } from '../terminal.ts'
import { compileScaffolder, createFolder, environment, filesBelow, run } from './support.ts'

const home = createFolder()
let main: string
/** The folder in which a test makes its add-ons. */
let here: string

beforeAll(() => {
  main = compileScaffolder(home.folder)
}, 60_000)

afterAll(home.remove)

beforeEach(() => {
  const { folder, remove } = createFolder()
  here = folder
  onTestFinished(remove)
})

const create = (...args: string[]) => run(process.execPath, [main, ...args], { cwd: here })

/** Without what takes long and is looked at elsewhere. */
const createOnly = (...args: string[]) => create(...args, '--no-install', '--no-git')

const read = (...path: string[]): string => readFileSync(join(here, ...path), 'utf8')

/** Puts commands of our own before all others, and gives the environment in which they are found. */
function commands(scripts: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const bin = join(here, 'bin')
  mkdirSync(bin)
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return { PATH: `${bin}:${process.env['PATH']}` }
}

describe('npm create hipchat-addon', () => {
  it.each(Object.keys(templates))('makes an add-on from %s, named after its folder', (template) => {
    const { status, stdout, stderr } = createOnly('Ännas Würfel', '--template', template)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`Created annas-wurfel from ${template}`)
    expect(stdout).toContain("cd 'Ännas Würfel'")
    const files = filesBelow(join(here, 'Ännas Würfel'))
    expect(files).toEqual(
      expect.arrayContaining([
        '.dockerignore',
        '.env.example',
        '.github/workflows/ci.yml',
        '.gitignore',
        '.npmrc',
        'Dockerfile',
        'README.md',
        'biome.json',
        'package.json',
        'src/addon.ts',
        'src/index.ts',
        'test/addon.test.ts',
        'tsconfig.json',
      ]),
    )
    expect(files.filter((file) => /(^|\/)_/.test(file))).toEqual([])
    const manifest = JSON.parse(read('Ännas Würfel', 'package.json'))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(manifest).toMatchObject({ name: 'annas-wurfel', dependencies: { 'hipchat-addon': `^${version}` } })
    expect(read('Ännas Würfel', 'src/addon.ts')).toContain("name: 'Ännas Würfel'")
    expect(read('Ännas Würfel', 'src/addon.ts')).toContain("key: 'com.example.annas-wurfel'")
    for (const file of files) expect(read('Ännas Würfel', file), file).not.toMatch(/my-addon|My addon/)
    expect(readdirSync(here)).toEqual(['Ännas Würfel'])
  })

  it('makes basic when nothing is said and nobody can be asked', () => {
    expect(createOnly('dice')).toMatchObject({ status: 0, stdout: expect.stringContaining('from basic') })
  })

  it('takes the template after the folder: npm keeps --template for itself when -- was forgotten', () => {
    expect(createOnly('dice', 'ui')).toMatchObject({ status: 0, stdout: expect.stringContaining('from ui') })
  })

  it('makes the folders on the way, and the add-on in the current one', () => {
    expect(createOnly('a/b/@example/dice').status).toBe(0)
    expect(JSON.parse(read('a/b/@example/dice/package.json')).name).toBe('@example/dice')
    mkdirSync(join(here, 'Here we are'))
    const { status, stdout } = run(process.execPath, [main, '.', '--no-install', '--no-git'], {
      cwd: join(here, 'Here we are'),
    })
    expect(status).toBe(0)
    expect(stdout).not.toContain('cd ')
    expect(JSON.parse(read('Here we are', 'package.json')).name).toBe('here-we-are')
  })

  it('gives each notifier a secret of its own, for its owner to read', () => {
    expect(createOnly('one', 'notifier').status).toBe(0)
    expect(createOnly('other', 'notifier').status).toBe(0)
    expect(read('one/.env')).toMatch(/^REPORT_SECRET=[\w-]{32}$/m)
    expect(read('one/.env')).not.toBe(read('other/.env'))
    expect(statSync(join(here, 'one/.env')).mode & 0o777).toBe(0o600)
    expect(read('one/.gitignore').split('\n')).toContain('.env')
  })

  it('prints the result as one JSON document', () => {
    const { stdout, status } = createOnly('dice', '--json', '--pm', 'pnpm')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      folder: join(here, 'dice'),
      template: 'basic',
      name: 'dice',
      key: 'com.example.dice',
      files: expect.arrayContaining(['src/addon.ts']),
      packageManager: 'pnpm',
      installed: false,
      git: false,
      dryRun: false,
      next: ['cd dice', 'pnpm install', 'pnpm test', 'pnpm dev'],
    })
    expect(JSON.parse(stdout).files.toSorted()).toEqual(filesBelow(join(here, 'dice')))
  })

  it('makes nothing with --dry-run, and says what it would make', () => {
    const { status, stdout } = create('dice', '--dry-run')
    expect(status).toBe(0)
    expect(stdout).toContain('  src/addon.ts\n')
    expect(readdirSync(here)).toEqual([])
  })

  it('makes a git repository, unless it is in one', () => {
    expect(create('dice', '--no-install').status).toBe(0)
    expect(existsSync(join(here, 'dice/.git'))).toBe(true)
    run('git', ['init', '--quiet'], { cwd: here })
    expect(create('other', '--no-install').status).toBe(0)
    expect(existsSync(join(here, 'other/.git'))).toBe(false)
  })

  it('shows help and its version', () => {
    const { stdout, status } = create('--help')
    expect(status).toBe(0)
    for (const name of [...Object.keys(templates), ...Object.keys(options)]) expect(stdout).toContain(name)
    const { version } = JSON.parse(readFileSync(join(root, 'templates/package.json'), 'utf8'))
    expect(create('-v')).toMatchObject({ status: 0, stdout: `${version}\n` })
  })
})

describe('a folder that somebody uses', () => {
  it('is refused with the names that are in the way, and stays as it is', () => {
    mkdirSync(join(here, 'dice'))
    writeFileSync(join(here, 'dice/package.json'), '{}')
    writeFileSync(join(here, 'dice/notes.txt'), 'mine')
    const { status, stderr } = createOnly('dice')
    expect(status).toBe(1)
    expect(stderr).toContain('dice is not empty: it contains notes.txt, package.json;')
    expect(filesBelow(join(here, 'dice'))).toEqual(['notes.txt', 'package.json'])
  })

  it('is taken when it holds what people begin with', () => {
    mkdirSync(join(here, 'dice/.git'), { recursive: true })
    writeFileSync(join(here, 'dice/LICENSE'), 'MIT')
    expect(createOnly('dice').status).toBe(0)
    expect(read('dice/LICENSE')).toBe('MIT')
    expect(readdirSync(join(here, 'dice')).filter((name) => name.startsWith('.create'))).toEqual([])
  })

  it('is written into with --force: files of the same name are replaced, others and .env stay', () => {
    mkdirSync(join(here, 'dice'))
    for (const name of ['package.json', 'notes.txt', '.env']) writeFileSync(join(here, 'dice', name), 'mine')
    expect(createOnly('dice', 'notifier', '--force').status).toBe(0)
    expect(read('dice/notes.txt')).toBe('mine')
    expect(read('dice/.env')).toBe('mine')
    expect(JSON.parse(read('dice/package.json')).name).toBe('dice')
  })

  it('is as it was when something cannot be written with --force', () => {
    mkdirSync(join(here, 'dice/tsconfig.json'), { recursive: true })
    writeFileSync(join(here, 'dice/package.json'), 'mine')
    const { status, stderr } = createOnly('dice', '--force')
    expect(status).toBe(1)
    expect(stderr).toContain('tsconfig.json: expected a file, got a folder')
    expect(filesBelow(join(here, 'dice'))).toEqual(['package.json'])
    expect(readdirSync(join(here, 'dice')).toSorted()).toEqual(['package.json', 'tsconfig.json'])
    expect(read('dice/package.json')).toBe('mine')
  })

  it('is no file, and is not below one', () => {
    writeFileSync(join(here, 'dice'), 'mine')
    expect(createOnly('dice', '--force')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('expected a folder or a new name, got a file'),
    })
    expect(createOnly('dice/sub').status).toBe(1)
    expect(read('dice')).toBe('mine')
  })

  it('is not waited for where none can be created', ({ skip }) => {
    needsProc(skip)
    const { status, stderr } = createOnly('/proc/dice/sub')
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining(
        "could not be created: ENOENT: no such file or directory, mkdir '/proc",
      ),
    })
  })

  it('may be a link to one', () => {
    mkdirSync(join(here, 'real'))
    symlinkSync(join(here, 'real'), join(here, 'dice'))
    expect(createOnly('dice').status).toBe(0)
    expect(existsSync(join(here, 'real/package.json'))).toBe(true)
  })
})

describe('wrong arguments', () => {
  it.each([
    [
      ['dice', '--template', 'bsic'],
      '--template: expected one of basic, ui, notifier; got bsic; did you mean basic?',
    ],
    [['dice', '--template', 'nonsense'], 'got nonsense\n'],
    [['dice', '--template='], '--template: expected a value, got none'],
    [['dice', '--template'], '--template: expected a value, got --no-install'],
    [['dice', 'ui', '--template', 'basic'], '--template: got basic, and ui after the folder'],
    [['dice', '--tempalte', 'ui'], '--tempalte: unknown option; did you mean --template?'],
    [['dice', '-x'], '-x: unknown option'],
    [['dice', '--yes=true'], '--yes: expected no value, got true'],
    [['dice', '--pm', 'nmp'], '--pm: expected one of npm, pnpm, yarn, bun; got nmp; did you mean npm?'],
    [['dice', 'ui', 'more'], 'expected at most a folder and a template, got also more'],
    [[''], 'the folder: expected a name, got an empty one'],
    [
      [],
      'the folder is missing, and there is no terminal to ask: npm create hipchat-addon@latest my-addon -- --template basic --yes',
    ],
  ])('%j are refused by name, and make nothing', (args, message) => {
    const { status, stderr, stdout } = createOnly(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toContain('--help lists the options')
    expect(readdirSync(here)).toEqual([])
  })

  it('are answered in the words of the package manager that ran it', () => {
    const env = { npm_config_user_agent: 'pnpm/10.2.0 npm/? node/v20.19.0 linux x64' }
    const { stderr } = run(process.execPath, [main], { cwd: here, env })
    expect(stderr).toContain('pnpm create hipchat-addon@latest my-addon --template basic --yes')
  })
})

describe('installing the packages', () => {
  it('is done in the new folder by the package manager that ran it, and leaves stdout to the result', () => {
    const env = {
      ...commands({ pnpm: 'echo "$PWD: $*"' }),
      npm_config_user_agent: 'pnpm/10.2.0 npm/? node/v20.19.0 linux x64',
    }
    const { status, stdout, stderr } = run(process.execPath, [main, 'dice', '--no-git', '--json'], {
      cwd: here,
      env,
    })
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ installed: true, packageManager: 'pnpm' })
    expect(stderr).toContain(`${join(here, 'dice')}: install`)
  })

  it('that fails is a failure, and leaves a complete add-on', () => {
    const env = commands({ npm: 'exit 7' })
    const { status, stderr } = run(process.execPath, [main, 'dice', '--no-git'], { cwd: here, env })
    expect(status).toBe(1)
    expect(stderr).toContain('npm install failed with exit code 7; the add-on is complete; run npm install')
    expect(existsSync(join(here, 'dice/src/addon.ts'))).toBe(true)
  })

  it('ends with what is to be done when somebody interrupts it', async () => {
    const env = { ...environment(), ...commands({ npm: 'echo begun >&2\nexec sleep 60' }) }
    const child = spawn(process.execPath, [main, 'dice', '--no-git', '--pm', 'npm'], { cwd: here, env })
    onTestFinished(() => void child.kill('SIGKILL'))
    let stderr = ''
    child.stderr.on('data', (bytes) => {
      stderr += bytes
    })
    await expect.poll(() => stderr).toContain('begun')
    child.kill('SIGINT')
    expect(await once(child, 'close')).toEqual([130, null])
    expect(stderr).toContain('npm install was interrupted; the add-on is complete')
    expect(existsSync(join(here, 'dice/src/addon.ts'))).toBe(true)
  })
})

/** The scaffolder at a terminal that `script` makes; `keys` are typed one after the other, each when its question is there. */
async function atTerminal(args: readonly string[], keys: readonly (readonly [string, string])[]) {
  // A terminal without a size has one letter in a line.
  const command = `stty cols 100 rows 30; ${[process.execPath, main, ...args].map((text) => `'${text}'`).join(' ')}`
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd: here,
    env: { ...environment(), TERM: 'xterm' },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let shown = ''
  child.stdout.on('data', (bytes) => {
    shown += bytes
  })
  const closed = once(child, 'close')
  for (const [question, typed] of keys) {
    await expect.poll(() => shown).toContain(question)
    child.stdin.write(typed)
  }
  const [code] = await closed
  return { code, shown }
}

describe('at a terminal', () => {
  beforeEach(({ skip }) => needsTerminal(skip))

  it('asks for what was not given', async () => {
    const { code, shown } = await atTerminal(
      ['--no-install', '--no-git'],
      [
        ['Which folder?', 'dice\r'],
        ['Which template?', '\u001B[B\r'],
      ],
    )
    expect(code, shown).toBe(0)
    expect(existsSync(join(here, 'dice/src/tasks.ts'))).toBe(true)
  })

  it('makes nothing when somebody leaves', async () => {
    const { code, shown } = await atTerminal(['dice'], [['Which template?', '\u0003']])
    expect(code, shown).toBe(130)
    expect(shown).toContain('nothing was created')
    expect(readdirSync(here)).toEqual([])
  })

  it('asks nothing with --yes', async () => {
    const { code, shown } = await atTerminal(['dice', '--yes', '--no-install', '--no-git'], [])
    expect(code, shown).toBe(0)
    expect(shown).not.toContain('Which template?')
  })
})

describe('the reference of the scaffolder', () => {
  const page = readPage('docs/reference/scaffolder.md')

  it('has all options and templates, and no others', () => {
    const named = (heading: string) => rows(section(page, heading)).map(([first = '']) => codeIn(first)[0])
    expect(named('Options')).toEqual(Object.keys(options).map((name) => `--${name}`))
    expect(named('Templates')).toEqual(Object.keys(templates))
  })
})

describe('a new project', () => {
  it('asks for the versions with which the framework itself is tested', () => {
    const ours = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const theirs = JSON.parse(readFileSync(join(root, 'templates/shared/package.json'), 'utf8'))
    const scaffolder = JSON.parse(readFileSync(join(root, 'templates/package.json'), 'utf8'))
    expect(scaffolder.version).toBe(ours.version)
    expect(theirs.engines).toEqual(ours.engines)
    expect(theirs.allowScripts).toEqual(ours.allowScripts)
    expect(ours.devDependencies).toMatchObject(theirs.devDependencies)
  })
})
