/**
 * Repeat factor sampling (Gupta et al. 2019, LVIS, appendix B): images that show rare classes come several times in an
 * epoch.
 */
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { random, shuffle } from '../../shared/random.js'

/**
 * How often each image comes in an epoch on average, 1 or more: √(`threshold` / f) for the rarest of its classes, where
 * f is the share of the images that show the class. Images with classes in `threshold` of the images or more alone, and those
 * without an object, come once. Crowds count for nothing.
 */
export function repeatFactors({ images }: Pick<DetectionSet, 'images'>, threshold: number): Float64Array {
  const classes = images.map(({ labels, crowd }) => new Set([...labels].filter((_, i) => crowd[i] === 0)))
  const shown = new Map<number, number>()
  for (const ofImage of classes) for (const label of ofImage) shown.set(label, (shown.get(label) ?? 0) + 1)
  const factor = (label: number): number => Math.sqrt((threshold * images.length) / shown.get(label)!)
  return Float64Array.from(classes, (ofImage) => Math.max(1, ...[...ofImage].map(factor)))
}

/** Images in an epoch of these factors: their sum, rounded. */
export const repeatedCount = (factors: Float64Array): number =>
  Math.round(factors.reduce((sum, factor) => sum + factor, 0))

/**
 * The order of an epoch in which each image comes as often as its factor says: a whole number below or above it, by
 * chance, so that the epoch has the same length as all others. The (n+1)-th time an image comes it stands there as its index plus
 * n × the number of images.
 */
export function repeatedOrder(factors: Float64Array, seed: number, epoch: number): Uint32Array {
  const { uniform } = random(seed, 'repeated order', epoch)
  const count = factors.length
  const total = repeatedCount(factors)
  const images = shuffle(
    Uint32Array.from({ length: count }, (_, image) => image),
    uniform,
  )
  const stretch = total / factors.reduce((sum, factor) => sum + factor, 0)
  const order = new Uint32Array(total)
  let at = 0
  // One offset for the whole row of factors: whole numbers are passed as often as each factor says, on average.
  let reached = uniform()
  for (const image of images) {
    reached += factors[image] * stretch
    for (let turn = 0; at < Math.min(total, Math.floor(reached)); turn++) order[at++] = image + turn * count
  }
  // Rounding may leave the last place open.
  while (at < total) order[at++] = images[count - 1]
  return shuffle(order, uniform)
}
