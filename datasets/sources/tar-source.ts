import type { ImageSource } from '../classification/image-source.js'
import { nameAt } from './packed-names.js'
import type { TarImages } from './tar-images.js'

/** Images that lie one behind another in a tar file. */
export interface TarRun {
  path: string
  images: TarImages
}

/** A source of images in tar files; labels are those that the tars say, or given in the order of the runs. */
export function tarSource(
  name: string,
  classes: string[],
  runs: readonly TarRun[],
  labels = labelsOf(runs),
): ImageSource {
  const starts = new Uint32Array(runs.length)
  let count = 0
  for (const [run, { images }] of runs.entries()) {
    starts[run] = count
    count += images.offsets.length
  }
  return {
    name,
    classes,
    count,
    labels,
    shards: isSorted(labels, starts, classes.length) ? null : starts,
    place(index) {
      const run = runAt(starts, index)
      const { path, images } = runs[run]
      const i = index - starts[run]
      return {
        title: `${path}: ${nameAt(images.names, i)}`,
        path,
        offset: images.offsets[i],
        bytes: images.bytes[i],
      }
    },
  }
}

function labelsOf(runs: readonly TarRun[]): Int32Array {
  const labels = new Int32Array(runs.reduce((sum, { images }) => sum + images.labels.length, 0))
  let at = 0
  for (const { images } of runs) {
    labels.set(images.labels, at)
    at += images.labels.length
  }
  return labels
}

/** The last run that starts at or before an image. */
function runAt(starts: Uint32Array, index: number): number {
  let [low, high] = [0, starts.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle] <= index) low = middle
    else high = middle - 1
  }
  return low
}

/**
 * True where images of one class follow each other, as in ILSVRC's tar: a buffer that is filled from the front of a few
 * shards would hold few classes, so such images are better read in any order. Neighbours of a shuffled shard differ in class
 * as often as two images drawn from all; less than half as often is taken for sorted.
 */
function isSorted(labels: Int32Array, starts: Uint32Array, classes: number): boolean {
  const counts = new Float64Array(classes)
  for (const label of labels) counts[label]++
  const alike = counts.reduce((sum, count) => sum + (count / labels.length) ** 2, 0)
  let changes = 0
  for (let i = 1; i < labels.length; i++) if (labels[i] !== labels[i - 1]) changes++
  const pairs = labels.length - 1
  return starts.length > 0 && pairs >= MIN_PAIRS && changes < (pairs * (1 - alike)) / 2
}

/** Of fewer neighbours nothing can be said; so few fit into any buffer. */
const MIN_PAIRS = 1000
