/** Where the images of a detector's run lie, and whether they are still those that it began with. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { changeOfAnnotated, type DetectionSet } from '../../../datasets/detection/detection-set.js'
import { UserError } from '../../shared/errors.js'
import type { AnnotatedImages, DetectionDataConfig } from './config.js'

/** Flags that name images and annotations anew. */
const FLAGS = {
  train: '--data and --annotations',
  validation: '--val-images and --val-annotations',
} as const

type Part = keyof typeof FLAGS

/** Images with their absolute paths and their fingerprint noted. */
export function noteImages(from: AnnotatedImages, { fingerprint }: DetectionSet): AnnotatedImages {
  return {
    images: resolve(from.images),
    annotations: resolve(from.annotations),
    ...(fingerprint && { fingerprint }),
  }
}

/** Throws a `UserError` when images or annotations that a run began with are no longer in their place. */
export function refuseMovedImages({ images, annotations, fingerprint }: AnnotatedImages, part: Part): void {
  const gone = [images, annotations].find((path) => !existsSync(path))
  if (fingerprint !== undefined && gone !== undefined)
    throw new UserError(
      `The run began with ${gone}, which is no longer there; if it was moved, name its place with ${FLAGS[part]}`,
    )
}

/** Throws a `UserError` when a set is not what the config says that the run began with. */
export function refuseChangedImages(
  from: AnnotatedImages,
  { fingerprint: now }: Pick<DetectionSet, 'fingerprint'>,
  part: Part,
): void {
  const change = changeOf(from, now)
  if (change === null) return
  throw new UserError(
    `${from.images} with ${from.annotations} is not the same data as at the start: ${change}. Restore it, ` +
      `${part === 'train' ? 'name the place that holds it unchanged' : 'name other images to measure on'} with ${FLAGS[part]}, or begin anew`,
  )
}

/** How images differ from what is noted of them, as half a sentence; null: they do not, or nothing is noted. */
export function changeOf(
  { fingerprint: before }: Pick<AnnotatedImages, 'fingerprint'>,
  now: DetectionSet['fingerprint'],
): string | null {
  return before && now ? changeOfAnnotated(before, now) : null
}

/**
 * Throws a `UserError` when the training images of two configs are not the same, or the validation images that both
 * take from one place. Other validation images may be named: they are only measured.
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
