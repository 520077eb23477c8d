import { join } from 'node:path'
import { UserError } from '../../shared/errors.js'
import { liveLine } from '../../shared/live-line.js'
import type { DetectorCard } from '../../shared/model-card.js'
import { formatDuration, grouped, percent, plural } from '../../shared/text.js'
import { detectorCard } from '../../train/detection/card.js'
import type { DetectorRunConfig } from '../../train/detection/config.js'
import { evaluateDetector } from '../../train/detection/evaluate.js'
import { detectorFrom, exportDetector } from '../../train/detection/export.js'
import { type EvaluationSummary, writeEvaluation } from '../../train/detection/report/write-evaluation.js'
import { inferenceState } from '../../train/run/checkpoint.js'
import { keptCheckpoint } from '../../train/run/run-folder.js'
import { interruptible } from '../shared/interrupt.js'
import { say, sayAll } from '../shared/say.js'
import { categoryTable } from './category-table.js'
import { loadSource, sourceOf } from './detector-images.js'
import type { EvaluateFlags, Subject } from './subject.js'

/** `toolkit evaluate` for detectors. */
export async function evaluateDetectorOn(
  subject: Subject<DetectorRunConfig, DetectorCard>,
  flags: EvaluateFlags,
): Promise<void> {
  const { path } = subject
  const source = sourceOf(subject, flags)
  const { model, card } = 'config' in subject ? await exportedRun(subject) : exportedFile(subject)
  const { labels, categoryIds, inputSize } = card
  const categories = labels.map((name, index) => ({ id: categoryIds[index], name }))
  if (source.kind === 'embedded') say('Composing the embedded scenes …')
  const { set, warnings } = await loadSource(source, categories, flags)
  sayAll(warnings)
  const count = set.images.length
  const line = liveLine(process.stderr)
  const start = performance.now()
  let done = 0
  const out = flags.out ?? ('config' in subject ? join(path, 'evaluation') : 'evaluation')

  const detector = await detectorFrom(model, inputSize).catch((error: Error) => {
    throw new UserError(`${path} cannot be run: ${error.message}`, { cause: error })
  })
  const finished = await interruptible(
    async (signal) => {
      const evaluation = await evaluateDetector(detector, card, set, {
        signal,
        onImage(images) {
          done = images
          line.show(() => progress(done, count, (performance.now() - start) / 1000), done === count)
        },
      })
      line.end()
      const summary = evaluation && (await writeEvaluation(out, path, evaluation, set, signal))
      return summary && { evaluation, summary }
    },
    () => {},
  ).finally(async () => {
    line.end()
    await detector.close()
  })
  if (!finished) {
    say(`Stopped after ${done} of ${plural(count, 'image')}; nothing was written.`)
    return
  }

  const { evaluation, summary } = finished
  const { unreadable } = evaluation
  if (unreadable.count > 0)
    say(
      `${unreadable.count} of ${plural(count, 'image')} could not be read and are left out: ${unreadable.first.join(' ')}`,
    )
  sayAll(summary.notes)
  if (flags.json) console.log(JSON.stringify({ ...summary, out }))
  else {
    for (const row of evaluation.table) console.log(row)
    console.log(`\n${categoryTable(evaluation.perCategory, summary.names)}`)
    console.log(`\n${errorSentences(summary).join('\n')}`)
    console.log(`\nDetections, metrics and pictures are in ${out}: open ${join(out, 'pictures.html')}`)
  }
}

/** For example `12 of 128 images · 3.1 images/s · 37 s left`. */
function progress(done: number, count: number, seconds: number): string {
  const perSecond = done / seconds
  const left = formatDuration((count - done) / perSecond)
  return `${done} of ${plural(count, 'image')} · ${perSecond.toPrecision(3)} images/s · ${left} left`
}

/** What is wrong most, and which scores to accept. */
function errorSentences({ errors, threshold }: EvaluationSummary): string[] {
  const some = errors.filter(({ deltaAp }) => deltaAp > 0)
  const costs = some.map(({ kind, count, deltaAp }) => `${kind} ${deltaAp.toFixed(3)} (${grouped(count)})`)
  return [
    some.length === 0
      ? 'No kind of error alone costs AP50.'
      : `AP50 lost by errors of each kind, and their number: ${costs.join(', ')}`,
    ...(threshold.f1 === 0
      ? []
      : [
          `F1 is highest for scores from ${threshold.score.toFixed(2)} up: precision ${percent(threshold.precision)}, recall ${percent(threshold.recall)}; the page has a score for each category`,
        ]),
  ]
}

interface Exported {
  model: Uint8Array
  card: DetectorCard
}

async function exportedRun({ path, config }: { path: string; config: DetectorRunConfig }): Promise<Exported> {
  const checkpoint = await keptCheckpoint(path, config.keep)
  if (checkpoint === null) throw new UserError(`${path} has no checkpoint yet; train it first`)
  const card = detectorCard(config, checkpoint.step)
  return { card, model: exportDetector(config, inferenceState(checkpoint.state), card) }
}

function exportedFile({ card, bytes }: { card: DetectorCard; bytes: Uint8Array }): Exported {
  return { card, model: bytes }
}
