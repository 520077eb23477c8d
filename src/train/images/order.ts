/**
 * The order of the images of an epoch: a pure function of (seed, epoch, source), known as a whole before an image is
 * read. So the number of a step says which images it takes, and a checkpoint, which holds that number, is a place in the
 * stream: a resumed run goes on with the very image that would have followed.
 */
import type { ImageSource } from '../../../datasets/classification/image-source.js'
import { random, shuffle } from '../../shared/random.js'

/** The order of an epoch where every image can be had at once: a permutation of 0 … count − 1. */
export function epochOrder(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  return shuffle(order, random(seed, 'order', epoch).uniform)
}

/**
 * The order of an epoch over shards: the shards in an order by chance, each from front to back, through a buffer of
 * `buffer` images from which one is taken by chance and replaced by the next of the shards. Only the indices go through
 * the buffer, no image is held in memory for it. Reading in this order touches a window of about `buffer` images of a
 * few shards at a time, which the file system's cache serves well; with a buffer of all images it is a uniform
 * permutation, and with a buffer of 1 the order of the shards.
 */
export function shardOrder(
  count: number,
  shards: Uint32Array,
  { seed, epoch, buffer }: { seed: number; epoch: number; buffer: number },
): Uint32Array {
  const shuffledShards = shuffle(
    Uint32Array.from({ length: shards.length }, (_, shard) => shard),
    random(seed, 'shards', epoch).uniform,
  )
  const { uniform } = random(seed, 'shuffle buffer', epoch)
  const order = new Uint32Array(count)
  const held = new Uint32Array(Math.min(buffer, count))
  let [filled, out] = [0, 0]
  for (const shard of shuffledShards) {
    const end = shards[shard + 1] ?? count
    for (let image = shards[shard]; image < end; image++) {
      if (filled < held.length) {
        held[filled++] = image
        continue
      }
      const taken = Math.floor(uniform() * held.length)
      order[out++] = held[taken]
      held[taken] = image
    }
  }
  order.set(shuffle(held, uniform), out)
  return order
}

/**
 * The order of an epoch in which all classes are equally frequent, as far as the count can be divided: of a class with many
 * images some are left out, others in each epoch, and one with few comes again. An image that comes for the (n+1)-th time
 * in an epoch stands there as its index plus n × count.
 */
export function balancedOrder(labels: Int32Array, seed: number, epoch: number): Uint32Array {
  const { uniform } = random(seed, 'balanced order', epoch)
  const count = labels.length
  const byClass = new Map<number, number[]>()
  for (const [image, label] of labels.entries()) {
    const pile = byClass.get(label)
    if (pile === undefined) byClass.set(label, [image])
    else pile.push(image)
  }
  const piles = shuffle([...byClass.values()], uniform)
  const order = new Uint32Array(count)
  let at = 0
  for (const [place, pile] of piles.entries()) {
    const end = Math.floor((count * (place + 1)) / piles.length)
    for (let turn = 0; at < end; turn++)
      for (const image of shuffle([...pile], uniform)) if (at < end) order[at++] = image + turn * count
  }
  return shuffle(order, uniform)
}

/** The order of an epoch of a source. `shuffleBuffer`: see {@link shardOrder}; other sources are shuffled as a whole. */
export function sourceOrder(
  { count, shards, labels }: Pick<ImageSource, 'count' | 'shards' | 'labels'>,
  {
    seed,
    epoch,
    shuffleBuffer,
    balanced,
  }: { seed: number; epoch: number; shuffleBuffer: number; balanced?: boolean },
): Uint32Array {
  if (balanced) return balancedOrder(labels, seed, epoch)
  return shards === null
    ? epochOrder(count, seed, epoch)
    : shardOrder(count, shards, { seed, epoch, buffer: shuffleBuffer })
}

/** The settings that the places of batches depend on. */
export interface StepSizes {
  batchSize: number
  /** Batches in a step. */
  accumulate: number
}

/** Which images of which epoch a batch takes. */
export interface BatchPlace {
  epoch: number
  /** Place of its first image in the order of the epoch; the others follow. */
  first: number
}

/** Full steps in an epoch of `count` images. The images left over are skipped in this epoch; in the next one others are. */
export const stepsInEpoch = (count: number, { batchSize, accumulate }: StepSizes): number =>
  Math.floor(count / (batchSize * accumulate))

/** The place of batch `part` of step `step`, both counted from 0, the steps over the whole run. */
export function batchPlace(
  { step, part, stepsPerEpoch }: { step: number; part: number; stepsPerEpoch: number },
  { batchSize, accumulate }: StepSizes,
): BatchPlace {
  return {
    epoch: Math.floor(step / stepsPerEpoch),
    first: ((step % stepsPerEpoch) * accumulate + part) * batchSize,
  }
}
