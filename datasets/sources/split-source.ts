import type { ImageSource } from '../classification/image-source.js'
import { drawValidation } from '../classification/split.js'

/**
 * Holds `validation` images out of a source, drawn by `seed`: the same ones that `splitTrainValidation` holds out of as many
 * images. Both parts keep the order of the source.
 *
 * @throws DatasetError when `validation` is not a whole number in [1, count)
 */
export function splitSource(
  source: ImageSource,
  options: { validation: number; seed: number },
): { train: ImageSource; validation: ImageSource } {
  const { train, validation } = drawValidation(source, options)
  return {
    train: selectFromSource(source, train, source.name),
    validation: selectFromSource(source, validation, validationName(source)),
  }
}

/** What images held out of a source are called. */
export const validationName = ({ name }: Pick<ImageSource, 'name'>): string =>
  `${name.replace(/ train$/, '')} validation`

/** A source of the images at `indices`, which ascend. */
export function selectFromSource(source: ImageSource, indices: Uint32Array, name: string): ImageSource {
  return {
    name,
    classes: source.classes,
    count: indices.length,
    labels: Int32Array.from(indices, (index) => source.labels[index]),
    shards: source.shards && startsAmong(source.shards, indices),
    place: (index) => source.place(indices[index]),
  }
}

/** The first chosen image of each shard that has one. */
function startsAmong(shards: Uint32Array, indices: Uint32Array): Uint32Array {
  const starts: number[] = []
  let shard = -1
  for (const [i, index] of indices.entries()) {
    const before = shard
    while (shard + 1 < shards.length && shards[shard + 1] <= index) shard++
    if (shard !== before) starts.push(i)
  }
  return Uint32Array.from(starts)
}
