/** The images that a detector is measured on: those of its run, or others with annotations of any format. */
import { alignCategories } from '../../../datasets/detection/align-categories.js'
import type { CocoSet } from '../../../datasets/detection/coco-set.js'
import { selectCategories } from '../../../datasets/detection/select-categories.js'
import { measuredPart } from '../../../datasets/splitting/training-parts.js'
import { UserError } from '../../shared/errors.js'
import type { DetectorCard } from '../../shared/model-card.js'
import type { Category, DetectorRunConfig } from '../../train/detection/config.js'
import {
  type EvaluationSource,
  loadEvaluationSet,
  validationOf,
} from '../../train/detection/evaluation-data.js'
import { detectorPresets } from '../../train/detection/presets.js'
import { cocoCopies } from '../shared/coco-copies.js'
import { isPlainCoco, openPlace, type Place } from '../shared/open-annotations.js'
import type { EvaluateFlags, Subject } from './subject.js'

/** What to evaluate on: as the flags say, or the run's own validation images. */
export function sourceOf(
  subject: Subject<DetectorRunConfig, DetectorCard>,
  { data, annotations, limit, format, categories }: EvaluateFlags,
): EvaluationSource {
  const own = 'config' in subject ? validationOf(subject.config.data) : null
  if (data !== undefined && data !== 'embedded')
    return { kind: 'coco', images: data, annotations: annotations ?? data, limit: limit ?? null }
  if (annotations !== undefined)
    throw new UserError(`Give --data too: the folder of the images that ${annotations} is for`)
  if ((format ?? categories) !== undefined)
    throw new UserError('--format and --categories are for annotated images: name them with --data')
  if (data === 'embedded') {
    const scenes =
      own?.kind === 'embedded' ? own : validationOf(detectorPresets['faster-rcnn-nas-embedded'].data)!
    return limited(scenes, limit)
  }
  if (own === null)
    throw new UserError(
      `${subject.path} names no images to evaluate on; give --data FOLDER (with --annotations FILE where they are elsewhere), or --data embedded`,
    )
  return limited(own, limit)
}

function limited(source: EvaluationSource, limit: number | undefined): EvaluationSource {
  if (limit === undefined) return source
  return source.kind === 'coco'
    ? { ...source, limit: Math.min(limit, source.limit ?? limit) }
    : { ...source, count: Math.min(limit, source.count) }
}

/**
 * Loads the images with the detector's categories. Annotations that are no plain COCO file are read in any format, and
 * their categories matched by name.
 *
 * @throws UserError or DatasetError when they are missing, damaged, or have other classes
 */
export async function loadSource(
  source: EvaluationSource,
  known: readonly Category[],
  { format, categories }: Pick<EvaluateFlags, 'format' | 'categories'>,
): Promise<CocoSet> {
  const isPlain =
    source.kind === 'embedded' ||
    (isPlainCoco(source) && categories === undefined && (format === undefined || format === 'coco'))
  return isPlain ? loadEvaluationSet(source, known) : loadOpened(source, known, { format, categories })
}

async function loadOpened(
  { images, annotations: from, limit }: Place & { limit: number | null },
  known: readonly Category[],
  { format, categories }: Pick<EvaluateFlags, 'format' | 'categories'>,
): Promise<CocoSet> {
  const place = { images, annotations: from }
  const opened = await openPlace(place, format ?? (isPlainCoco(place) ? 'coco' : undefined))
  const part = measuredPart(opened, from)
  const which = opened.parts.length > 1 ? [`Of ${from}, the part ${part.name} is measured on.`] : []
  const { dataset, notes } =
    categories === undefined
      ? { dataset: part.dataset, notes: [] }
      : selectCategories(part.dataset, categories)
  const copies = await cocoCopies()
  try {
    const aligned = alignCategories(dataset, known, { from, others: 'refuse' })
    const annotations = await copies.add('annotations', aligned, from)
    const { set, warnings } = await copies.retelling(() =>
      loadEvaluationSet({ kind: 'coco', images: opened.root, annotations, limit }, known),
    )
    const told = [...which, ...opened.warnings, ...notes, ...warnings.map(copies.retold)]
    return { set, warnings: [...new Set(told)] }
  } finally {
    await copies.remove()
  }
}
