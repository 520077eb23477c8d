/** An evaluation as one page: figures, the precision curve, and pictures of the worst and the best images. */
import { basename } from 'node:path'
import type { CategoryStats } from '#coco-ts'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import type { DetectorEvaluation } from './evaluate.js'
import { drawPrecision, precisionCurves } from './evaluation-curve.js'
import { chooseImages, figuresAt, type ImageMatches, type Threshold } from './evaluation-matches.js'
import { drawPicture, OUTCOME_COLOURS } from './evaluation-pictures.js'
import { STATS } from './evaluation-stats.js'

/** Pictures on a page. */
const PICTURES = 24

export interface ReportOptions {
  /** What was measured, as people know it. */
  title: string
  matches: readonly ImageMatches[]
  threshold: Threshold
  signal?: AbortSignal
}

/**
 * Draws the page: HTML that needs nothing beside it. Null when `signal` is aborted meanwhile.
 */
export async function drawReport(
  evaluation: DetectorEvaluation,
  set: DetectionSet,
  { title, matches, threshold, signal }: ReportOptions,
): Promise<string | null> {
  const { worst, best } = chooseImages(matches, threshold.score, PICTURES)
  const drawn = new Map<ImageMatches, string>()
  for (const image of [...worst, ...best]) {
    if (signal?.aborted) return null
    drawn.set(image, await figure(set, image, threshold.score))
  }
  const figures = (images: ImageMatches[]): string => images.map((image) => drawn.get(image)!).join('\n')
  const count = matches.filter(({ detections, objects }) => detections.length + objects.length > 0).length
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} on ${escapeHtml(set.name)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)} on ${escapeHtml(set.name)}</h1>
<p>${facts(evaluation)}</p>
${statsTable(evaluation.stats)}
${drawPrecision(precisionCurves(evaluation.coco))}
<p>Orange: the mean over the categories; blue: each category.</p>
<h2>Pictures</h2>
<p>${thresholdSentence(threshold)}</p>
<p>The images are sorted by their own F1; of equals the one with more mistakes is worse. Shown are
${worst.length} from the worst and ${best.length} from the best${worst.length + best.length < count ? ` of ${count}` : ''}.</p>
<ul class="legend">${LEGEND}</ul>
<h3>The worst, the worst first</h3>
<div class="pictures">
${figures(worst)}
</div>
<h3>The best, the best first</h3>
<div class="pictures">
${figures(best)}
</div>
<h2>Categories</h2>
${categoryTable(evaluation.perCategory, matches)}
</body>
</html>
`
}

function facts({ images, unreadable, detections, millisecondsPerImage }: DetectorEvaluation): string {
  const left =
    unreadable.count === 0
      ? ''
      : `, ${unreadable.count} more could not be read and are left out (${escapeHtml(unreadable.first.join(' '))})`
  return `${images} images${left}; ${detections.length} detections; ${millisecondsPerImage.toFixed(0)} ms an image in the detector.`
}

const thresholdSentence = ({ score, precision, recall, f1 }: Threshold): string =>
  f1 === 0
    ? 'Nothing was found rightly at IoU 0.5, so no detections are drawn.'
    : `Drawn are the detections from score ${score.toFixed(2)} up, where the F1 over all images is highest: ` +
      `${f1.toFixed(3)}, with precision ${precision.toFixed(3)} and recall ${recall.toFixed(3)} at IoU 0.5.`

const LEGEND = [
  ['right', 'solid', 'detection, right'],
  ['wrong', 'solid', 'detection, wrong'],
  ['found', 'dashed', 'object, found'],
  ['missed', 'dashed', 'object, missed'],
  ['ignored', 'dashed', 'crowd, and what lies in it: counts for nothing'],
]
  .map(
    ([outcome, line, text]) =>
      `<li><span style="border: 3px ${line} ${OUTCOME_COLOURS[outcome as keyof typeof OUTCOME_COLOURS]}"></span> ${text}</li>`,
  )
  .join('')

async function figure(set: DetectionSet, image: ImageMatches, score: number): Promise<string> {
  const { width, height, jpeg, overlay } = await drawPicture(set, image, score)
  const name = escapeHtml(basename(set.images[image.index].fileName))
  const { f1, right, wrong, missed } = figuresAt(image, score)
  return (
    `<figure><div class="picture" style="aspect-ratio: ${width} / ${height}">` +
    `<img alt="${name}" src="data:image/jpeg;base64,${jpeg.toString('base64')}">${overlay}</div>` +
    `<figcaption>${name}: F1 ${f1.toFixed(2)}, ${right} right, ${wrong} wrong, ${missed} missed</figcaption></figure>`
  )
}

function statsTable(stats: readonly number[]): string {
  const heads = STATS.map((name) => `<th>${name}</th>`).join('')
  const cells = stats.map((value) => `<td>${shown(value)}</td>`).join('')
  return `<table><tr>${heads}</tr><tr>${cells}</tr></table>`
}

function categoryTable(categories: readonly CategoryStats[], matches: readonly ImageMatches[]): string {
  const objects = new Map<number, number>()
  for (const { object, ignored } of matches.flatMap((image) => image.objects))
    if (!ignored) objects.set(object.category_id, (objects.get(object.category_id) ?? 0) + 1)
  const rows = categories.map(
    ({ id, name, stats }) =>
      `<tr><th>${escapeHtml(name)}</th><td>${objects.get(id) ?? 0}</td>${stats.map((value) => `<td>${shown(value)}</td>`).join('')}</tr>`,
  )
  const heads = ['category', 'objects', ...STATS].map((name) => `<th>${name}</th>`).join('')
  return `<table class="categories"><tr>${heads}</tr>\n${rows.join('\n')}\n</table>`
}

/** −1 stands where there is nothing to find. */
const shown = (value: number): string => (value < 0 ? '–' : value.toFixed(3))

const ENTITIES: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }
const escapeHtml = (text: string): string => text.replace(/[<>&"]/g, (letter) => ENTITIES[letter])

const STYLE = `
:root { color-scheme: light dark; font-family: system-ui, Helvetica, Arial, sans-serif; }
body { margin: 2rem auto; max-width: 96rem; padding: 0 1rem; line-height: 1.4; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; margin: 1rem 0; }
th, td { padding: 0.2rem 0.6rem; text-align: right; border-bottom: 1px solid #8884; }
.categories th:first-child { text-align: left; }
.legend { list-style: none; padding: 0.5rem; display: flex; flex-wrap: wrap; gap: 0.3rem 1.5rem; background: #444; color: #fff; }
.legend span { display: inline-block; width: 1.6rem; height: 0.7rem; vertical-align: middle; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem; align-items: start; }
figure { margin: 0; }
figcaption { font-size: 0.85rem; overflow-wrap: anywhere; }
.picture { position: relative; }
.picture img, .picture svg { position: absolute; inset: 0; width: 100%; height: 100%; }
`
