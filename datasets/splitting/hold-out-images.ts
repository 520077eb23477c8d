/** Holds images with one class each out for validation. */
import type { ImageSource } from '../classification/image-source.js'
import { count } from '../files/left-out.js'
import { imageInput } from '../sources/read-image.js'
import { selectFromSource, validationName } from '../sources/split-source.js'
import { heldOutNotes, holdOutOptions, LEAST_IMAGES, splitOrReason, usualShare } from './hold-out.js'
import { type SplitOptions, splitImages } from './split.js'

export interface HoldOutImagesOptions extends Pick<SplitOptions, 'seed' | 'onProgress'> {
  /** Share of the images in [0, 1); null: it is chosen, and nothing is held out of a source that is too small for it. */
  fraction: number | null
}

export interface HeldOutImages {
  train: ImageSource
  /** null: none are held out. */
  validation: ImageSource | null
  /** The share that was held out; 0: none. With it, the same images are held out again. */
  fraction: number
  /** What was done, in a sentence each; for the user to see. */
  notes: string[]
}

/**
 * Holds images out for validation: stratified by class, near-duplicates on one side. Equal images, fractions and seeds
 * give equal parts, which keep the order of the source.
 *
 * @throws DatasetError when a fraction is given that cannot be held out
 */
export async function holdOutImages(
  source: ImageSource,
  { fraction, seed, onProgress }: HoldOutImagesOptions,
): Promise<HeldOutImages> {
  const total = source.count
  const none = (...notes: string[]): HeldOutImages => ({
    ...{ train: source, validation: null, fraction: 0, notes },
  })
  if (fraction === 0) return none()
  if (fraction === null && total < LEAST_IMAGES)
    return none(
      `${count(total, 'image')} ${total === 1 ? 'is' : 'are'} too few to hold some out for validation.`,
    )
  const share = fraction ?? usualShare(total)
  const indices = Array.from({ length: total }, (_, index) => index)
  const split = await splitOrReason(
    splitImages(
      {
        names: indices.map((index) => source.place(index).title),
        images: indices.map((index) => () => imageInput(source.place(index))),
        categories: indices.map((index) => [source.labels[index]]),
      },
      holdOutOptions(total, share, { seed, onProgress }),
    ),
    fraction === null,
  )
  if (typeof split === 'string') return none(split)
  const { parts } = split
  const pick = (part: string): Uint32Array =>
    Uint32Array.from(indices.filter((index) => parts[index] === part))
  const validation = selectFromSource(source, pick('val'), validationName(source))
  return {
    train: selectFromSource(source, pick('train'), source.name),
    validation,
    fraction: share,
    notes: heldOutNotes({ held: validation.count, total, examples: examples(validation) }, split.notes),
  }
}

/** Some images of a source, spread evenly over it, so that they are of several classes. */
const examples = ({ count: total, place }: ImageSource): string[] =>
  [...new Set([0, 1, 2].map((third) => Math.floor((third * total) / 3)))].map((index) => place(index).title)
