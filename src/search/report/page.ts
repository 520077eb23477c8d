/** A report as one page: HTML that needs nothing beside it, neither script nor network. */

import { type Html, html, raw } from '../../shared/html.js'
import { grouped } from '../../shared/text.js'
import type { BestChild } from './best-children.js'
import { duration, short } from './format.js'
import type { Picture, Pictures } from './pictures.js'
import type { GroupStatistics, ReportStatistics } from './report-statistics.js'
import type { SearchLog } from './search-log.js'
import type { SearchStatistics } from './search-statistics.js'
import { STYLE } from './style.js'
import { costTable, failureTable, groupTable, retrainedTable, searchTable } from './tables.js'

/** More searches are described by the table alone. */
const MOST_LEADS = 2

export function drawPage(report: ReportStatistics, pictures: Pictures, logs: readonly SearchLog[]): string {
  const { searches, groups } = report
  const title = `Search${searches.length === 1 ? '' : 'es'}: ${searches.map(({ name }) => name).join(', ')}`
  const several = groups.some((group) => group.searches.length > 1)
  const failures = failureTable(searches)
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<h1>${title}</h1>
${searches.length <= MOST_LEADS && searches.map(leadOf)}
${searchTable(searches)}
<h2>Rewards</h2>
${searches.length > 1 && groupTable(groups, searches)}
${charts(pictures.rewards)}
<p class="note">Children are counted in the order in which they finished. A child that failed has reward 0 and is left out of the
means. Among the best 5 and 25, each architecture counts once, with the highest reward that it got.${
    several &&
    ' Where a method was searched several times, lines are means over its searches and areas reach from the lowest to the highest of them, as far as the shortest goes.'
  }</p>
<h2>Best cells</h2>
${groups.map((group, i) => cellsOf(group, pictures.best[i], groups.length > 1))}
<h2>Operations</h2>
${charts(pictures.operations)}
<p class="note">Shares of all operations chosen in each tenth of the children${several && ', as means over the searches of a method'}.</p>
${pictures.retrained.length > 0 && retrainedPart(searches, pictures.retrained)}
<h2>Time and cost</h2>
${charts(pictures.time)}
${costTable(searches)}
<p class="note">Times are those of the workers: the number of processes times the duration of the search. Overhead is everything
that is neither training nor measuring: compiling, the strategy and the journal (a worker waits for them), and workers that
start, wait, or whose work was lost with a failed child or a killed process. Core-hours are the seconds of evaluation times the
threads of a child, one where the journal does not record them; the training of shared weights before the search is outside of
its budget and listed separately. Multiply-adds are those of one image through every measured child, once.</p>
${failures && html`<h2>Failures</h2>\n${failures}`}
<h2>Settings</h2>
${logs.map(
  ({ name, config }) => html`
<details><summary>${name}</summary><pre>${JSON.stringify(config, null, 2)}</pre></details>`,
)}
</body>
</html>
`
  return String(page)
}

/** One sentence for those who read no further. */
function leadOf(search: SearchStatistics): Html {
  const { name, strategy, evaluator, measure, children, seconds, best, curves, chance, isFinished } = search
  const done = children.measured + children.failed
  const of = children.planned === null || children.planned === done ? '' : ` of ${grouped(children.planned)}`
  const [first] = best
  const found =
    first === undefined
      ? 'none of which could be measured'
      : `the best of which reached ${measure} ${first.quality.toFixed(4)}${first.retrainedQuality === null ? '' : `, and ${first.retrainedQuality.toFixed(4)} when trained longer`}`
  const reward = curves.runningMean.at(-1)
  const last = typeof reward === 'number' ? `; the last ones have a mean reward of ${reward.toFixed(4)}` : ''
  return html`
<p class="lead"><b>${name}</b> (${strategy}, ${evaluator}) tried ${grouped(done)}${of} children in ${duration(seconds)}, ${found}${last}.${
    chance !== null && ` Guessing reaches ${chance.toFixed(4)}.`
  }${!isFinished && html` <b>The search is not finished:</b> it goes on with <code>toolkit search --resume</code>.`}</p>`
}

function cellsOf(
  { label, searches, best }: GroupStatistics,
  drawings: readonly Picture[],
  named: boolean,
): Html {
  const cells = best.map((child, i) => {
    const source = searches.length > 1 ? `${child.search}, ` : ''
    return html`
<figure class="cell"><figcaption><b>${i + 1}.</b> ${source}${factsOf(child)}</figcaption><div class="scroll">${raw(drawings[i].svg)}</div></figure>`
  })
  return html`${named && html`<h3>${label}</h3>\n`}${cells}`
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

function retrainedPart(searches: readonly SearchStatistics[], drawn: readonly Picture[]): Html {
  const measures = [...new Set(searches.map(({ measure }) => measure))].join(' or ')
  return html`<h2>Trained longer</h2>
${charts(drawn)}
<p class="note">τ is Kendall's rank correlation (τ-b) of reward and ${measures}: 1 where both give the same order, 0 where their
orders are unrelated.</p>
${retrainedTable(searches, measures)}`
}

const charts = (drawn: readonly Picture[]): Html =>
  html`<div class="charts">${drawn.map(({ svg }) => html`\n<figure>${raw(svg)}</figure>`)}
</div>`
