/** Measures how well an autoencoder reconstructs images. */
import type { ImageSet } from '../../../datasets/classification/image-set.js'
import type { Reconstructor } from './export.js'
import type { Reconstruction } from './metrics.js'

/** Runs the network over a set in batches. Returns null when `signal` is aborted meanwhile. */
export async function measureReconstruction(
  network: Reconstructor,
  set: ImageSet,
  { batchSize, signal }: { batchSize: number; signal?: AbortSignal },
): Promise<Reconstruction | null> {
  const bytes = set.height * set.width * 3
  let sum = 0
  for (let first = 0; first < set.count; first += batchSize) {
    if (signal?.aborted) return null
    const count = Math.min(batchSize, set.count - first)
    const images = set.pixels.subarray(first * bytes, (first + count) * bytes)
    // A copy, because the buffer is transferred.
    const reconstructed = await network.run(images.slice(), count)
    for (const [i, byte] of images.entries()) sum += (reconstructed[i] - byte / 255) ** 2
  }
  const error = sum / (set.count * bytes)
  const variance = pixelVariance(set)
  const unexplained = error === 0 ? 0 : error / variance
  return { images: set.count, error, varianceExplained: Math.max(0, 1 - unexplained) }
}

/** Variance of all pixels about the mean of their channel, for pixels in [0, 1]. */
export function pixelVariance({ pixels }: Pick<ImageSet, 'pixels'>): number {
  const sums = [0, 0, 0]
  for (const [i, byte] of pixels.entries()) sums[i % 3] += byte / 255
  const means = sums.map((sum) => sum / (pixels.length / 3))
  let squares = 0
  for (const [i, byte] of pixels.entries()) squares += (byte / 255 - means[i % 3]) ** 2
  return squares / pixels.length
}

/** Peak signal-to-noise ratio of a mean squared error for pixels in [0, 1], in dB. */
export const psnr = (error: number): number => -10 * Math.log10(error)
