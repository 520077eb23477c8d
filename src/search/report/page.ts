/** A report as one page: HTML that needs nothing beside it, neither script nor network. */
import { escapeText } from '../../train/run/curve.js'
import type { GroupFigures, ReportFigures } from './figures.js'
import type { Picture, Pictures } from './pictures.js'
import type { BestChild, SearchFigures } from './search-figures.js'
import type { SearchLog } from './search-log.js'
import { STYLE } from './style.js'
import { percent, shareOf, TIME_PARTS } from './time-chart.js'

/** Of more searches, the table tells. */
const MOST_LEADS = 2

export function drawPage(report: ReportFigures, pictures: Pictures, logs: readonly SearchLog[]): string {
  const { searches, groups } = report
  const title = `Search${searches.length === 1 ? '' : 'es'}: ${searches.map(({ name }) => name).join(', ')}`
  const several = groups.some((group) => group.searches.length > 1)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeText(title)}</h1>
${searches.length <= MOST_LEADS ? searches.map(leadOf).join('\n') : ''}
${searchTable(searches)}
<h2>Rewards</h2>
${searches.length > 1 ? groupTable(groups, searches) : ''}
${charts(pictures.rewards)}
<p class="note">Children are counted as they came back. One that failed has reward 0 and is left out of the means. Of the best 5 and
25, each architecture counts once, with the highest reward that it got.${several ? ' Where a method was searched several times, lines are means over its searches and areas reach from the lowest to the highest of them, as far as the shortest goes.' : ''}</p>
<h2>Best cells</h2>
${groups.map((group, i) => cellsOf(group, pictures.best[i], groups.length > 1)).join('\n')}
<h2>Operations</h2>
${charts(pictures.operations)}
<p class="note">Shares of all operations chosen in each tenth of the children${several ? ', as means over the searches of a method' : ''}.</p>
${retrainedPart(searches, pictures.retrained)}
<h2>Time and cost</h2>
${charts(pictures.time)}
${costTable(searches)}
<p class="note">Times are those of the workers, as many as there are processes times the duration of the search. Overhead is all
of it that is neither training nor measuring: compiling, the strategy and the journal (while these are at work, a worker
waits), and workers that start, wait, or whose work was lost with a failed child or a killed process. Core-hours are the
seconds of evaluation times the threads of a child, one where the journal does not tell them; the training of shared weights
before the search, outside of its budget, is told apart. Multiply-adds are those of one image through every measured child, once.</p>
${failuresPart(searches)}
<h2>Settings</h2>
${logs.map(({ name, config }) => `<details><summary>${escapeText(name)}</summary><pre>${escapeText(JSON.stringify(config, null, 2))}</pre></details>`).join('\n')}
</body>
</html>
`
}

/** One sentence for those who read no further. */
function leadOf({
  name,
  strategy,
  evaluator,
  measure,
  children,
  seconds,
  best,
  curves,
}: SearchFigures): string {
  const done = children.measured + children.failed
  const of = children.planned === null || children.planned === done ? '' : ` of ${count(children.planned)}`
  const [first] = best
  const found =
    first === undefined
      ? 'none of which could be measured'
      : `the best of which reached ${measure} ${first.quality.toFixed(4)}${first.retrainedQuality === null ? '' : `, and ${first.retrainedQuality.toFixed(4)} when trained longer`}`
  const reward = curves.runningMean.at(-1)
  const last = typeof reward === 'number' ? `; the last ones have a mean reward of ${reward.toFixed(4)}` : ''
  return `<p class="lead"><b>${escapeText(name)}</b> (${escapeText(strategy)}, ${escapeText(evaluator)}) tried ${count(done)}${of} children in ${duration(seconds)}, ${found}${last}.</p>`
}

function searchTable(searches: readonly SearchFigures[]): string {
  const rows = searches.map(({ name, strategy, evaluator, seed, children, curves, ...search }) => [
    name,
    strategy,
    evaluator,
    String(seed),
    curves.best.at(-1)!.toFixed(4),
    count(children.measured + children.failed),
    count(children.distinct),
    count(children.failed),
    count(children.stoppedEarly),
    duration(search.seconds),
    search.childrenPerHour.toFixed(1),
  ])
  const heads = ['search', 'strategy', 'evaluator', 'seed', 'best reward', 'children', 'different', 'failed']
  return table([...heads, 'stopped early', 'time', 'children an hour'], rows, 3)
}

/** Methods side by side after as many children as all of them have. */
function groupTable(groups: readonly GroupFigures[], searches: readonly SearchFigures[]): string {
  const shortest = Math.min(...searches.map(({ curves }) => curves.reward.length))
  const rows = groups.map(({ label, searches: members, curves }) => [
    label,
    String(members.length),
    ...[curves.best, curves.top5, curves.top25, curves.runningMean].map(({ mean, low, high }) => {
      const [value, least, most] = [mean, low, high].map((curve) => curve[shortest - 1])
      if (value === null || least === null || most === null) return '–'
      return members.length === 1
        ? value.toFixed(4)
        : `${value.toFixed(4)} (${least.toFixed(4)}–${most.toFixed(4)})`
    }),
  ])
  const heads = ['method', 'searches', 'best', 'mean of best 5', 'mean of best 25', 'mean of the last 25']
  return `<p>Rewards after ${count(shortest)} children${groups.some(({ searches: members }) => members.length > 1) ? ', means over searches with the lowest and the highest' : ''}:</p>
${table(heads, rows, 1)}`
}

function cellsOf(
  { label, searches, best }: GroupFigures,
  drawings: readonly Picture[],
  named: boolean,
): string {
  const cells = best.map(
    (child, i) =>
      `<figure class="cell"><figcaption><b>${i + 1}.</b> ${searches.length > 1 ? `${escapeText(child.search)}, ` : ''}${factsOf(child)}</figcaption><div class="scroll">${drawings[i].svg}</div></figure>`,
  )
  return `${named ? `<h3>${escapeText(label)}</h3>\n` : ''}${cells.join('\n')}`
}

function factsOf(child: BestChild): string {
  const { id, measure, quality, reward, retrainedQuality, parameters, multiplyAdds, latencyMillis } = child
  return [
    `child ${id}: ${measure} ${quality.toFixed(4)}`,
    ...(reward === quality ? [] : [`reward ${reward.toFixed(4)}`]),
    ...(retrainedQuality === null ? [] : [`${retrainedQuality.toFixed(4)} when trained longer`]),
    `${short(parameters)} parameters`,
    `${short(multiplyAdds)} multiply-adds`,
    ...(latencyMillis === null ? [] : [`${latencyMillis.toFixed(1)} ms an image`]),
  ].join(', ')
}

function retrainedPart(searches: readonly SearchFigures[], drawn: readonly Picture[]): string {
  if (drawn.length === 0) return ''
  const rows = searches.flatMap(({ name, retrained }) => {
    const before = [...retrained.children].sort((a, b) => b.reward - a.reward)
    return retrained.children.map((child, i) => [
      name,
      String(i + 1),
      String(child.id),
      child.quality.toFixed(4),
      child.reward.toFixed(4),
      String(before.indexOf(child) + 1),
      duration(child.seconds),
    ])
  })
  const measures = [...new Set(searches.map(({ measure }) => measure))].join(' or ')
  const heads = ['search', 'rank', 'child', measures, 'reward in the search', 'rank in the search', 'time']
  return `<h2>Trained longer</h2>
${charts(drawn)}
<p class="note">τ is Kendall's rank correlation (τ-b) of reward and ${measures}: 1 where both rank alike, 0 where one says
nothing of the other.</p>
${table(heads, rows, 1)}`
}

function costTable(searches: readonly SearchFigures[]): string {
  const parts = Object.keys(TIME_PARTS) as (keyof typeof TIME_PARTS)[]
  const rows = searches.map(({ name, time, cost }) => [
    name,
    ...parts.map((part) => {
      const seconds = time[part]
      return seconds === null ? 'not known' : `${duration(seconds)} (${percent(shareOf(time, part))})`
    }),
    `${time.waiting === null ? 'at least ' : ''}${percent(cost.overhead)}`,
    cost.processes === null ? '–' : `${cost.processes} × ${cost.threads}`,
    cost.coreHours.toFixed(2),
    cost.warmUpCoreHours.toFixed(2),
    short(cost.multiplyAdds),
  ])
  const heads = ['search', ...parts.map((part) => COST_HEADS[part]), 'overhead', 'processes × threads']
  return table([...heads, 'core-hours', 'of warm-up before', 'multiply-adds'], rows, 1)
}

const COST_HEADS: Record<keyof typeof TIME_PARTS, string> = {
  train: 'training',
  compile: 'compiling',
  measure: 'measuring',
  strategy: 'strategy',
  journal: 'journal',
  waiting: 'starting, waiting, lost',
}

function failuresPart(searches: readonly SearchFigures[]): string {
  const rows = searches.flatMap(({ name, failures }) =>
    failures.map(({ reason, children }) => {
      const some = children.slice(0, 8).join(', ')
      return [name, reason, String(children.length), children.length > 8 ? `${some}, …` : some]
    }),
  )
  if (rows.length === 0) return ''
  return `<h2>Failures</h2>\n${table(['search', 'reason', 'children', 'which'], rows, 2)}`
}

/** The first `left` columns are text. */
function table(heads: readonly string[], rows: readonly (readonly string[])[], left: number): string {
  const row = (cells: readonly string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell, i) => `<${tag}${i < left ? ' class="text"' : ''}>${escapeText(cell)}</${tag}>`).join('')}</tr>`
  return `<table>${row(heads, 'th')}\n${rows.map((cells) => row(cells, 'td')).join('\n')}</table>`
}

const charts = (drawn: readonly Picture[]): string =>
  `<div class="charts">\n${drawn.map(({ svg }) => figure(svg)).join('\n')}\n</div>`

const figure = (svg: string): string => `<figure>${svg}</figure>`

const count = (value: number): string => value.toLocaleString('en-US')

/** Three digits, with k, M, G or T. */
function short(value: number): string {
  const [unit, size] = (
    [
      ['T', 1e12],
      ['G', 1e9],
      ['M', 1e6],
      ['k', 1e3],
    ] as const
  ).find(([, least]) => value >= least) ?? ['', 1]
  return `${Number((value / size).toPrecision(3))}${unit === '' ? '' : ` ${unit}`}`
}

function duration(seconds: number): string {
  if (seconds < 100) return `${Number(seconds.toPrecision(2))} s`
  if (seconds < 6000) return `${(seconds / 60).toFixed(0)} min`
  return `${(seconds / 3600).toFixed(1)} h`
}
