/** Data sets of tar shards in WebDataset's form. */
import type { PartName } from '../classification/class-folders.js'
import { lackingClasses } from '../classification/class-notes.js'
import type { DataFingerprint } from '../classification/dataset-fingerprint.js'
import type { ImageSource } from '../classification/image-source.js'
import { DatasetError } from '../files/errors.js'
import { fingerprintOfSizes } from '../files/file-sizes.js'
import { indexTars } from './index-tars.js'
import { type ImageSources, type OpenSettings, partNames } from './opened.js'
import { nameAt } from './packed-names.js'
import { placesOfNames, type ShardClasses, shardClasses } from './shard-classes.js'
import type { ShardFile, ShardFiles } from './shard-files.js'
import { indexShard } from './shard-index.js'
import type { TarIndex } from './tar-images.js'
import { tarSource } from './tar-source.js'

/**
 * Opens shards.
 *
 * @throws DatasetError when there are none of train, one is damaged, or a label is beyond the classes
 */
export async function openShards(
  title: string,
  { folder, parts }: ShardFiles,
  settings: OpenSettings,
): Promise<ImageSources> {
  if (parts.train === undefined)
    throw new DatasetError(
      `"${title}" has no shards of train; name them such as train-000000.tar, or put them into a folder train.`,
    )
  const files = partNames.flatMap((part) => (parts[part] ?? []).map((file) => ({ part, ...file })))
  const indexes = await indexTars(
    files.map(({ path }) => ({ path, kind: 'webdataset', index: indexShard })),
    settings,
  )
  const indexesOf = (part: PartName): TarIndex[] => indexes.filter((_, i) => files[i].part === part)
  const highest = Math.max(...indexesOf('train').map(highestLabel))
  const found = await shardClasses(placesOfNames(folder, files), highest)
  const sources: Partial<Record<PartName, ImageSource>> = {}
  const fingerprint: Partial<DataFingerprint> = {}
  const warnings = [...indexes.flatMap(({ notes }) => notes), ...found.notes]
  for (const part of partNames) {
    const shards = parts[part]
    if (shards === undefined) continue
    const source = sourceOf(`${title} ${part}`, shards, indexesOf(part), found)
    sources[part] = source
    fingerprint[part] = await fingerprintOfSizes(shards)
    warnings.push(...lackingClasses(`The ${part} part of "${title}"`, source))
  }
  return {
    ...sources,
    train: sources.train!,
    classes: found.classes,
    fingerprint: { ...fingerprint, train: fingerprint.train! },
    warnings,
  }
}

const highestLabel = ({ parts }: TarIndex): number =>
  parts.reduce((most, { images }) => images.labels.reduce((a, b) => Math.max(a, b), most), 0)

function sourceOf(
  name: string,
  shards: readonly ShardFile[],
  indexes: readonly TarIndex[],
  { classes, origin }: ShardClasses,
): ImageSource {
  const runs = shards.flatMap(({ path }, i) => indexes[i].parts.map(({ images }) => ({ path, images })))
  for (const { path, images } of runs) {
    const beyond = images.labels.findIndex((label) => label >= classes.length)
    if (beyond >= 0)
      throw new DatasetError(
        `${path}: the label of "${nameAt(images.names, beyond)}" is ${images.labels[beyond]}, but the highest class is ` +
          `${classes.length - 1} (${origin}); labels count from 0.`,
      )
  }
  return tarSource(name, classes, runs)
}
