/**
 * Batches whose images are mixed in pairs, as torchvision's `MixUp` and `CutMix` do: each image with the one before it, by one
 * share for the whole batch. And weights of classes. All of it is drawn from (seed, step, part).
 */
import { type RandomStream, random } from '../../shared/random.js'

/** The labels of a batch where images have several, or labels have weights: the loss is Σ weights · loss(labels) + … / N. */
export interface PairedLabels {
  /** Of `labels`, one for each image. */
  weights: Float32Array
  otherLabels: Int32Array
  otherWeights: Float32Array
}

export interface MixConfig {
  seed: number
  /** α of mixup (Zhang et al. 2018) and of CutMix (Yun et al. 2019); 0: off. With both, chance decides for each batch. */
  mixup?: number
  cutmix?: number
}

/** What happens to the images of a batch. */
export type Mix =
  /** Each pixel is `own` times that of the image plus 1 − `own` times that of the one before. */
  | { kind: 'mixup'; own: number }
  /** The box is that of the one before; `own` is the part of the image that is not in it. */
  | { kind: 'cutmix'; own: number; box: { left: number; top: number; right: number; bottom: number } }

/** Draws what happens to a batch of images of side `side`; null: nothing. */
export function drawMix(
  { seed, mixup = 0, cutmix = 0 }: MixConfig,
  side: number,
  { step, part }: { step: number; part: number },
): Mix | null {
  if (mixup === 0 && cutmix === 0) return null
  const stream = random(seed, 'mix', step, part)
  const { uniform } = stream
  const isMixup = cutmix === 0 || (mixup > 0 && uniform() < 0.5)
  const own = symmetricBeta(isMixup ? mixup : cutmix, stream)
  if (isMixup) return { kind: 'mixup', own }
  return cutMixOf(own, side, { x: Math.floor(uniform() * side), y: Math.floor(uniform() * side) })
}

/** The box around (x, y) that covers 1 − `own` of the image, as far as it lies inside. */
export function cutMixOf(own: number, side: number, { x, y }: { x: number; y: number }): Mix {
  const half = Math.floor(0.5 * Math.sqrt(1 - own) * side)
  const inside = (at: number): number => Math.min(side, Math.max(0, at))
  const box = {
    left: inside(x - half),
    top: inside(y - half),
    right: inside(x + half),
    bottom: inside(y + half),
  }
  const part = ((box.right - box.left) * (box.bottom - box.top)) / side ** 2
  return { kind: 'cutmix', own: 1 - part, box }
}

/** Mixes a batch of images in place. `side`: S of N × S × S × 3 floats. */
export function mixImages(images: Float32Array, side: number, mix: Mix): void {
  const floats = side * side * 3
  const count = images.length / floats
  // The last image is needed again when the others have changed, because the first one takes it.
  let before = images.slice((count - 1) * floats)
  for (let image = 0; image < count; image++) {
    const own = images.subarray(image * floats, (image + 1) * floats)
    const unchanged = own.slice()
    if (mix.kind === 'mixup')
      for (let i = 0; i < floats; i++) own[i] = mix.own * own[i] + (1 - mix.own) * before[i]
    else
      for (let y = mix.box.top; y < mix.box.bottom; y++) {
        const [from, to] = [mix.box.left, mix.box.right].map((x) => (y * side + x) * 3)
        own.set(before.subarray(from, to), from)
      }
    before = unchanged
  }
}

/**
 * The labels of a mixed batch. `own`: the share of the image itself, 1 where nothing is mixed. `classWeights`: by class; by
 * default all 1.
 */
export function pairLabels(labels: Int32Array, own: number, classWeights?: Float32Array): PairedLabels {
  const count = labels.length
  const otherLabels = labels.map((_, image) => labels[(image + count - 1) % count])
  const weigh = (of: Int32Array, share: number): Float32Array =>
    Float32Array.from(of, (label) => share * (classWeights?.[label] ?? 1))
  return { weights: weigh(labels, own), otherLabels, otherWeights: weigh(otherLabels, 1 - own) }
}

/**
 * Weights of classes that give all of them the same weight in the loss: images / (classes × images of the class), as
 * scikit-learn's `balanced`. Classes without images have 0.
 */
export function balancedWeights(labels: Int32Array, classes: number): Float32Array {
  const counts = new Uint32Array(classes)
  for (const label of labels) counts[label]++
  const present = counts.filter((count) => count > 0).length
  return Float32Array.from(counts, (count) => (count === 0 ? 0 : labels.length / (present * count)))
}

/** A number in [0, 1] with the distribution Beta(α, α): the share of one of two equal Gamma variates. */
export function symmetricBeta(alpha: number, stream: RandomStream): number {
  const [a, b] = [logGamma(alpha, stream), logGamma(alpha, stream)]
  return 1 / (1 + Math.exp(b - a))
}

/** The logarithm of a Gamma(shape) variate (Marsaglia and Tsang 2000), which does not underflow where the shape is small. */
function logGamma(shape: number, stream: RandomStream): number {
  if (shape < 1) {
    const grown = logGamma(shape + 1, stream)
    return grown + Math.log(1 - stream.uniform()) / shape
  }
  const d = shape - 1 / 3
  for (;;) {
    const x = stream.normal()
    const v = (1 + x / Math.sqrt(9 * d)) ** 3
    if (v > 0 && Math.log(1 - stream.uniform()) < (x * x) / 2 + d - d * v + d * Math.log(v))
      return Math.log(d * v)
  }
}
