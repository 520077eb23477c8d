/** An evaluation as one page: metrics, the precision curve, the errors, and pictures of the worst and the best images. */
import { basename } from 'node:path'
import type { CategoryStats } from '#coco-ts'
import type { DetectionSet } from '../../../../datasets/detection/detection-set.js'
import { type Html, html, raw } from '../../../shared/html.js'
import type { DetectorEvaluation } from '../evaluate.js'
import type { DetectorAnalysis, Threshold } from './analysis.js'
import { confusionTable, errorTable } from './analysis-tables.js'
import { chooseImages, countsAt, type ImageMatches } from './matches.js'
import { drawPicture, OUTCOME_COLOURS } from './pictures.js'
import { drawPrecision, precisionCurves } from './precision-curve.js'
import { STATS } from './stats.js'

/** Pictures on a page. */
const PICTURES = 24

export interface ReportOptions {
  /** What was measured, as people know it. */
  title: string
  matches: readonly ImageMatches[]
  analysis: DetectorAnalysis
  signal?: AbortSignal
}

/**
 * Draws the page: HTML that needs nothing beside it. Null when `signal` is aborted meanwhile.
 */
export async function drawReport(
  evaluation: DetectorEvaluation,
  set: DetectionSet,
  { title, matches, analysis, signal }: ReportOptions,
): Promise<string | null> {
  const { threshold } = analysis
  const { worst, best } = chooseImages(matches, threshold.score, PICTURES)
  const drawn = new Map<ImageMatches, Html>()
  for (const image of [...worst, ...best]) {
    if (signal?.aborted) return null
    drawn.set(image, await figure(set, image, threshold.score))
  }
  const shown = (images: ImageMatches[]): Html[] => images.map((image) => drawn.get(image)!)
  const count = matches.filter(({ detections, objects }) => detections.length + objects.length > 0).length
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} on ${set.name}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<h1>${title} on ${set.name}</h1>
<p>${facts(evaluation)}</p>
${statsTable(evaluation.stats)}
${raw(drawPrecision(precisionCurves(evaluation.coco)))}
<h2>Errors</h2>
${errorTable(analysis)}
<h2>Confusions</h2>
${confusionTable(analysis.confusion)}
<h2>Pictures</h2>
<p>${thresholdSentence(threshold)}</p>
<p>The images are sorted by their own F1; of two with the same F1, the one with more errors is worse. The page shows
${worst.length} from the worst and ${best.length} from the best${worst.length + best.length < count && ` of ${count}`}.</p>
<ul class="legend">${LEGEND}</ul>
<h3>The worst, worst first</h3>
<div class="pictures">${shown(worst)}
</div>
<h3>The best, best first</h3>
<div class="pictures">${shown(best)}
</div>
<h2>Categories</h2>
<p>Score, precision and recall are those of the lowest score with the highest F1 at IoU 0.5: what a request may ask for as
<code>minScore</code>. The scores' expected calibration error is ${analysis.calibrationError.toFixed(3)}: so far they are, in the mean, from the share of
such detections that are right.</p>
${categoryTable(evaluation.perCategory, matches, analysis)}
</body>
</html>
`
  return String(page)
}

function facts({ images, unreadable, detections, millisecondsPerImage }: DetectorEvaluation): string {
  const left =
    unreadable.count === 0
      ? ''
      : `, ${unreadable.count} more could not be read and are left out (${unreadable.first.join(' ')})`
  return `${images} images${left}; ${detections.length} detections; ${millisecondsPerImage.toFixed(0)} ms an image in the detector.`
}

const thresholdSentence = ({ score, precision, recall, f1 }: Threshold): string =>
  f1 === 0
    ? 'There is no true positive at IoU 0.5, so no detections are drawn.'
    : `Detections are drawn from score ${score.toFixed(2)} up, where the F1 over all images is highest: ` +
      `${f1.toFixed(3)}, with precision ${precision.toFixed(3)} and recall ${recall.toFixed(3)} at IoU 0.5.`

const LEGEND = (
  [
    ['truePositive', 'solid', 'true positive: detection of an object'],
    ['falsePositive', 'solid', 'false positive: detection of none'],
    ['found', 'dashed', 'object that was detected'],
    ['falseNegative', 'dashed', 'false negative: object that was not detected'],
    ['ignored', 'dashed', 'crowd, and detections in it: not counted'],
  ] as const
).map(
  ([outcome, line, text]) =>
    html`<li><span style="border: 3px ${line} ${OUTCOME_COLOURS[outcome]}"></span> ${text}</li>`,
)

async function figure(set: DetectionSet, image: ImageMatches, score: number): Promise<Html> {
  const { width, height, jpeg, overlay } = await drawPicture(set, image, score)
  const name = basename(set.images[image.index].fileName)
  const { f1, truePositive, falsePositive, falseNegative } = countsAt(image, score)
  return html`
<figure><div class="picture" style="aspect-ratio: ${width} / ${height}"><img alt="${name}" src="data:image/jpeg;base64,${jpeg.toString('base64')}">${raw(overlay)}</div>
<figcaption>${name}: F1 ${f1.toFixed(2)}, true positives ${truePositive}, false positives ${falsePositive}, false negatives ${falseNegative}</figcaption></figure>`
}

function statsTable(stats: readonly number[]): Html {
  return html`<table><tr>${STATS.map((name) => html`<th>${name}</th>`)}</tr><tr>${statsCells(stats)}</tr></table>`
}

function categoryTable(
  categories: readonly CategoryStats[],
  matches: readonly ImageMatches[],
  { thresholds }: DetectorAnalysis,
): Html {
  const objects = new Map<number, number>()
  for (const { object, ignored } of matches.flatMap((image) => image.objects))
    if (!ignored) objects.set(object.category_id, (objects.get(object.category_id) ?? 0) + 1)
  const rows = categories.map(({ id, name, stats }) => {
    const threshold = thresholds.find((one) => one.id === id)?.threshold
    const best = threshold ? [threshold.score, threshold.precision, threshold.recall] : []
    const cells = [0, 1, 2].map((i) => html`<td>${best[i]?.toFixed(2) ?? '–'}</td>`)
    return html`
<tr><th>${name}</th><td>${objects.get(id) ?? 0}</td>${cells}${statsCells(stats)}</tr>`
  })
  const heads = ['category', 'objects', 'score', 'precision', 'recall', ...STATS].map(
    (name) => html`<th>${name}</th>`,
  )
  return html`<table class="named"><tr>${heads}</tr>${rows}
</table>`
}

/** COCO gives −1 where there is nothing to find. */
const statsCells = (stats: readonly number[]): Html[] =>
  stats.map((value) => html`<td>${value < 0 ? '–' : value.toFixed(3)}</td>`)

const STYLE = `
:root { color-scheme: light dark; font-family: system-ui, Helvetica, Arial, sans-serif; }
body { margin: 2rem auto; max-width: 96rem; padding: 0 1rem; line-height: 1.4; }
h1 { overflow-wrap: anywhere; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; margin: 1rem 0; }
th, td { padding: 0.2rem 0.6rem; text-align: right; border-bottom: 1px solid #8884; }
.named th:first-child, .words { text-align: left; }
.bar { width: 8rem; min-width: 4rem; }
.bar span { display: block; height: 0.8rem; background: #d55e00; }
.legend { list-style: none; padding: 0.5rem; display: flex; flex-wrap: wrap; gap: 0.3rem 1.5rem; background: #444; color: #fff; }
.legend span { display: inline-block; width: 1.6rem; height: 0.7rem; vertical-align: middle; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1rem; align-items: start; }
figure { margin: 0; }
figcaption { font-size: 0.85rem; overflow-wrap: anywhere; }
.chart { max-width: 100%; height: auto; }
.picture { position: relative; }
.picture img, .picture svg { position: absolute; inset: 0; width: 100%; height: 100%; }
`
