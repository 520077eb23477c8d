import { sfc32, shuffle } from '../../src/shared/random.js'
import { DatasetError } from '../files/errors.js'
import type { ImageSet } from './image-set.js'

/**
 * Holds `validation` images out of a training set, drawn by `seed`; both parts keep the set's order.
 * The paper's search holds 5,000 of CIFAR-10's 50,000 training images out (appendix A.1).
 *
 * @throws DatasetError when `validation` is not a whole number in [1, count).
 */
export function splitTrainValidation(
  set: ImageSet,
  { validation, seed }: { validation: number; seed: number },
): { train: ImageSet; validation: ImageSet } {
  const drawn = drawValidation(set, { validation, seed })
  return {
    train: selectImages(set, drawn.train, set.name),
    validation: selectImages(set, drawn.validation, `${set.name.replace(/ train$/, '')} validation`),
  }
}

/**
 * Which of `count` images are held out and which are left, each in ascending order. A set and a source of as many images
 * hold out the same.
 *
 * @throws DatasetError when `validation` is not a whole number in [1, count).
 */
export function drawValidation(
  { name, count }: Pick<ImageSet, 'name' | 'count'>,
  { validation, seed }: { validation: number; seed: number },
): { train: Uint32Array; validation: Uint32Array } {
  if (!Number.isInteger(validation) || validation < 1 || validation >= count) {
    throw new DatasetError(
      `Cannot hold ${validation} validation images out of the ${count} of "${name}"; ` +
        `give a whole number from 1 to ${count - 1} as --validation, or 0 for none.`,
    )
  }
  const order = shuffle(
    Uint32Array.from({ length: count }, (_, i) => i),
    sfc32(seed, 'validation'),
  )
  return { train: order.slice(validation).sort(), validation: order.slice(0, validation).sort() }
}

/** A new set made of the images at `indices`, in that order. */
export function selectImages(set: ImageSet, indices: ArrayLike<number>, name: string): ImageSet {
  const bytes = set.height * set.width * 3
  const pixels = new Uint8Array(indices.length * bytes)
  const labels = new Int32Array(indices.length)
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i] * bytes
    pixels.set(set.pixels.subarray(from, from + bytes), i * bytes)
    labels[i] = set.labels[indices[i]]
  }
  return { ...set, name, pixels, labels, count: indices.length }
}
