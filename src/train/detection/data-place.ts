/** The place of the images of a detector's run, and whether they are still those that the run started with. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { changeOfAnnotated, type DetectionSet } from '../../../datasets/detection/detection-set.js'
import { UserError } from '../../shared/errors.js'
import type { AnnotatedImages, DetectionDataConfig } from './config.js'

/** Flags that name another place of images and annotations. */
const FLAGS = {
  train: '--data and --annotations',
  validation: '--val-images and --val-annotations',
} as const

type Part = keyof typeof FLAGS

/** Images with a record of their absolute paths and their fingerprint. */
export function noteImages(from: AnnotatedImages, { fingerprint }: DetectionSet): AnnotatedImages {
  return {
    images: resolve(from.images),
    annotations: resolve(from.annotations),
    ...(fingerprint && { fingerprint }),
  }
}

/** Throws a `UserError` when images or annotations that a run started with are not in their place any more. */
export function refuseMovedImages({ images, annotations, fingerprint }: AnnotatedImages, part: Part): void {
  const gone = [images, annotations].find((path) => !existsSync(path))
  if (fingerprint !== undefined && gone !== undefined)
    throw new UserError(
      `The run started with ${gone}, which is no longer there; if it was moved, name its place with ${FLAGS[part]}`,
    )
}

/** Throws a `UserError` when a set differs from the one that the run started with, as the config records it. */
export function refuseChangedImages(
  from: AnnotatedImages,
  { fingerprint: now }: Pick<DetectionSet, 'fingerprint'>,
  part: Part,
): void {
  const change = changeOf(from, now)
  if (change === null) return
  throw new UserError(
    `${from.images} with ${from.annotations} is not the same data as at the start: ${change}. Restore it, ` +
      `${part === 'train' ? 'name the place that holds it unchanged' : 'name other images to measure on'} with ${FLAGS[part]}, or start again`,
  )
}

/** How images differ from their record, as part of a sentence; null: they do not, or there is no record. */
export function changeOf(
  { fingerprint: before }: Pick<AnnotatedImages, 'fingerprint'>,
  now: DetectionSet['fingerprint'],
): string | null {
  return before && now ? changeOfAnnotated(before, now) : null
}

/**
 * Throws a `UserError` when the training images of two configs differ, or the validation images when both have the same
 * place. A resumed run may name other validation images, because it does not train on them.
 */
export function refuseOtherImages(saved: DetectionDataConfig, data: DetectionDataConfig): void {
  if (saved.kind === 'embedded' || data.kind === 'embedded') return
  const refuse = (before: AnnotatedImages, now: AnnotatedImages, part: Part) =>
    refuseChangedImages({ ...now, fingerprint: before.fingerprint }, now, part)
  refuse(saved.train, data.train, 'train')
  const [before, now] = [saved.validation, data.validation]
  if (before && now && before.images === now.images && before.annotations === now.annotations)
    refuse(before, now, 'validation')
}
