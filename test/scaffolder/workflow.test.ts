import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../structure/markdown.ts'
import { stagesOf } from './dockerfile.ts'
import { readWorkflow } from './workflow.ts'

const shared = (path: string): string => readFileSync(join(root, 'templates/shared', path), 'utf8')
const ours = shared('.github/workflows/ci.yml')
const { scripts, engines } = JSON.parse(shared('package.json'))
const read = (text: string) => readWorkflow(text, Object.keys(scripts))

describe('the workflow of a new project', () => {
  it('is one that GitHub takes', async () => {
    expect((await read(ours)).faults).toEqual([])
  })

  it('runs what its author runs, on the Nodes of engines and image', async () => {
    const [{ matrix, steps } = { matrix: {}, steps: [] }] = (await read(ours)).jobs
    const runs = steps.flatMap((step) => ('run' in step ? [step.run] : []))
    expect(runs.slice(1)).toEqual(['npm run lint', 'npm run types', 'npm test', 'npm run build'])
    const [{ image } = { image: { tag: '' } }] = stagesOf(shared('Dockerfile'))
    const [, least] = /^>=(\d+)/.exec(engines.node) ?? []
    expect(matrix['node']).toEqual([Number(least), Number.parseInt(image.tag, 10)])
  })
})

it.each([
  ['runs-on:', 'run-on:', "Unexpected value 'run-on'"],
  ['branches:', 'branchs:', "Unexpected value 'branchs'"],
  ['pull_request:', 'pull_requests:', "Unexpected value 'pull_requests'"],
  ['contents: read', 'contents: reed', "Unexpected value 'reed'"],
  ['run: npm test', 'rum: npm test', "Unexpected value 'rum'"],
  ['{ matrix.node }', '{ matrx.node }', "Unrecognized named-value: 'matrx'"],
  ['{ matrix.node }}', '{ matrix.node', 'The expression is not closed'],
  ['{ matrix.node }', '{ matrix.nodes }', 'matrix.nodes: expected node'],
  ['actions/checkout@v4', 'actions/checkout', 'uses: actions/checkout: expected owner/name@vMAJOR'],
  ['npm run lint', 'npm run lnt', 'run: npm run lnt: the project has no script lnt'],
])('a workflow with %s written as %s is refused', async (right, wrong, why) => {
  expect(ours).toContain(right)
  const { faults } = await read(ours.replace(right, () => wrong))
  expect(faults).toContainEqual(expect.stringContaining(why))
})

it('an empty workflow is refused', async () => {
  expect((await read('')).faults).not.toEqual([])
})
