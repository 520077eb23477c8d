/** Writes an evaluation to files. */
import { join } from 'node:path'
import { type CategoryStats, writeResults } from '#coco-ts'
import { zeroIdNotes } from '../../../../datasets/detection/annotation-notes.js'
import type { DetectionSet } from '../../../../datasets/detection/detection-set.js'
import { makeFolder, writeFileAtomically } from '../../../shared/files.js'
import type { DetectorEvaluation } from '../evaluate.js'
import { analyse, type DetectorAnalysis } from './analysis.js'
import { matchImages } from './matches.js'
import { STATS } from './stats.js'

/** The content of `evaluation.json`. */
export interface EvaluationSummary extends DetectorAnalysis {
  /** The run or file that was measured, and the name of the images. */
  subject: string
  data: string
  images: number
  unreadable: DetectorEvaluation['unreadable']
  /** Names of the numbers of `stats`. */
  names: readonly string[]
  stats: number[]
  categories: CategoryStats[]
  millisecondsPerImage: number
  /** Known reasons why the metrics are too low. */
  notes: string[]
}

/**
 * Writes `detections.json` (COCO's results format), `evaluation.json` and `pictures.html` into `folder`, which is
 * created when it is missing. Returns the summary; null, without writing, when `signal` is aborted meanwhile.
 *
 * @throws UserError or CocoError when a file cannot be written
 */
export async function writeEvaluation(
  folder: string,
  subject: string,
  evaluation: DetectorEvaluation,
  set: DetectionSet,
  signal?: AbortSignal,
): Promise<EvaluationSummary | null> {
  const { images, unreadable, stats, perCategory, detections, millisecondsPerImage } = evaluation
  const matches = matchImages(evaluation, set)
  const analysis = analyse(evaluation)
  // Loaded here: it brings d3.
  const { drawReport } = await import('./page.js')
  const page = await drawReport(evaluation, set, { title: subject, matches, analysis, signal })
  if (page === null) return null
  const summary: EvaluationSummary = {
    ...{ subject, data: set.name, images, unreadable, names: STATS, stats },
    ...{ categories: perCategory, ...analysis },
    ...{ millisecondsPerImage, notes: zeroIdNotes(set.coco) },
  }
  await makeFolder(folder)
  await writeResults(join(folder, 'detections.json'), detections, set.coco)
  await writeFileAtomically(join(folder, 'evaluation.json'), `${JSON.stringify(summary, null, 2)}\n`)
  await writeFileAtomically(join(folder, 'pictures.html'), page)
  return summary
}
