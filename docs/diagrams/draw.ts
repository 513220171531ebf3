/** A participant; they are drawn from left to right. */
export interface Lane {
  readonly name: string
  /** Middle of the lane, in pixels. */
  readonly x: number
}

/** A message from one participant to another, or an action of one participant. */
export type Step =
  | { readonly from: number; readonly to: number; readonly text: string; readonly answer?: boolean }
  | { readonly at: number; readonly text: readonly string[] }

/** A sequence of steps, numbered from 1; time goes down. */
export interface Diagram {
  readonly title: string
  readonly lanes: readonly Lane[]
  readonly steps: readonly Step[]
}

const WIDTH = 680
const LINE = 17
const HEAD = 52
const BOX = 250

/**
 * Draws a diagram. It has its own background, light or dark like the reader's system, because an image does not know the
 * background of its page.
 */
export function draw({ title, lanes, steps }: Diagram): string {
  let y = HEAD + 14
  const drawn = steps.map((step, index) => {
    const height = 'at' in step ? step.text.length * LINE + 12 : LINE + 14
    const made =
      'at' in step ? box(step, lanes, index + 1, y, height) : arrow(step, lanes, index + 1, y + LINE + 8)
    y += height + 9
    return made
  })
  const height = y + 8
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escapeXml(title)}</title>
<style>${style}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>
<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>
${lanes.map((lane) => head(lane, height)).join('\n')}
${drawn.join('\n')}
</svg>
`
}

const style = `
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1b2230; }
.name { font-weight: 600; }
.number { font-size: 11px; font-weight: 600; fill: #fff; }
.ground { fill: #fff; stroke: #dcdfe6; }
.lane { stroke: #c3c9d4; stroke-dasharray: 3 4; }
.head { fill: #dfe9fb; stroke: #1f5fd0; }
.box { fill: #f5f6f8; stroke: #868f9e; }
.arrow { stroke: #1f5fd0; stroke-width: 1.5; fill: none; }
.answer { stroke-dasharray: 6 4; }
.tip, .disc { fill: #1f5fd0; }
.behind { stroke: #fff; stroke-width: 5px; stroke-linejoin: round; fill: #fff; }
@media (prefers-color-scheme: dark) {
text { fill: #e7eaf0; }
.ground { fill: #171a20; stroke: #323947; }
.lane { stroke: #4a5364; }
.head { fill: #263a5e; stroke: #8ab4ff; }
.box { fill: #242933; stroke: #7a8699; }
.arrow { stroke: #8ab4ff; }
.tip { fill: #8ab4ff; }
.disc { fill: #2b66d4; }
.behind { stroke: #171a20; fill: #171a20; }
}
`

function head({ name, x }: Lane, height: number): string {
  const width = name.length * 7.6 + 24
  return `<line class="lane" x1="${x}" y1="${HEAD - 8}" x2="${x}" y2="${height - 12}"/>
<rect class="head" x="${x - width / 2}" y="14" width="${width}" height="30" rx="6"/>
<text class="name" x="${x}" y="34" text-anchor="middle">${escapeXml(name)}</text>`
}

function box(
  { at, text }: Extract<Step, { at: number }>,
  lanes: readonly Lane[],
  number: number,
  y: number,
  height: number,
): string {
  const middle = xOf(lanes, at)
  const left = Math.min(Math.max(middle - BOX / 2, 8), WIDTH - BOX - 8)
  const lines = text.map(
    (line, index) => `<text x="${left + 30}" y="${y + LINE * (index + 1) + 1}">${escapeXml(line)}</text>`,
  )
  return `<rect class="box" x="${left}" y="${y}" width="${BOX}" height="${height}" rx="6"/>
${disc(left + 16, y + LINE - 3, number)}
${lines.join('\n')}`
}

function arrow(
  { from, to, text, answer }: Extract<Step, { from: number }>,
  lanes: readonly Lane[],
  number: number,
  y: number,
): string {
  const [start, end] = [xOf(lanes, from), xOf(lanes, to)]
  const left = Math.min(start, end) + 12
  const label = `x="${left + 20}" y="${y - 8}"`
  return `<path class="arrow${answer ? ' answer' : ''}" marker-end="url(#tip)" d="M${start} ${y}H${end}"/>
<text class="behind" aria-hidden="true" ${label}>${escapeXml(text)}</text>
${disc(left + 7, y - 13, number)}
<text ${label}>${escapeXml(text)}</text>`
}

const disc = (x: number, y: number, number: number): string =>
  `<circle class="disc" cx="${x}" cy="${y}" r="9"/><text class="number" x="${x}" y="${y + 4}" text-anchor="middle">${number}</text>`

function xOf(lanes: readonly Lane[], index: number): number {
  const lane = lanes[index]
  if (!lane) throw new Error(`there is no lane ${index}`)
  return lane.x
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
