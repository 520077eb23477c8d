/** Autoencoders that cost milliseconds, and images for them. */
import type { ImageSet } from '../../../../datasets/classification/image-set.js'
import type { AutoencoderGenotype, AutoencoderSizes, Block } from '../../../../models/index.js'
import type { AutoencoderRunConfig } from '../../../../src/train/autoencoder/config.js'
import { presets } from '../../../../src/train/classification/presets.js'

export const SIZE = 8
export const BATCH = 4

const block = (left: Block['left'], right: Block['right'], combine: Block['combine'] = 'add'): Block => ({
  left,
  right,
  combine,
})

/** Cells that use both inputs, pool, convolve in two ways, and concatenate. */
const genotype: AutoencoderGenotype = {
  name: 'tiny',
  normal: { blocks: [block({ input: 0, operation: 'sep_conv_3x3' }, { input: 1, operation: 'identity' })] },
  reduction: {
    blocks: [block({ input: 0, operation: 'max_pool_3x3' }, { input: 1, operation: 'conv_3x3' })],
  },
  expansion: {
    blocks: [
      block({ input: 0, operation: 'conv_3x3' }, { input: 1, operation: 'avg_pool_3x3' }),
      block({ input: 2, operation: 'identity' }, { input: 1, operation: 'conv_1x1' }, 'concat'),
    ],
  },
}

export const sizes: AutoencoderSizes = {
  stages: 2,
  cells: 1,
  filters: 8,
  stemFilters: 6,
  codeChannels: 8,
  batchNorm: { decay: 0.9, epsilon: 1e-5 },
}

export function tinyAutoencoder(changes: Partial<AutoencoderRunConfig> = {}): AutoencoderRunConfig {
  const { data, seed, weightDecay, clipNorm } = presets['laptop-cifar10']
  return {
    data,
    seed,
    weightDecay,
    clipNorm,
    averageDecay: null,
    model: { kind: 'cells', ...sizes, genotype },
    batchSize: BATCH,
    length: { kind: 'steps', amount: 30 },
    optimizer: { kind: 'momentum', momentum: 0.9, nesterov: true },
    learningRate: { kind: 'cosine', peak: 0.3, warmup: 0 },
    augmentation: { crop: 0, flip: false, cutout: 0, colour: 0 },
    ...changes,
  }
}

/** `count` images of SIZE × SIZE: a slope between two colours, in a direction of its own. */
export function slopes(count: number): ImageSet {
  const pixels = new Uint8Array(count * SIZE * SIZE * 3)
  for (let i = 0; i < pixels.length; i++) {
    const [channel, x, y] = [i % 3, Math.floor(i / 3) % SIZE, Math.floor(i / (3 * SIZE)) % SIZE]
    const image = Math.floor(i / (3 * SIZE * SIZE))
    const along = x * Math.cos(image) + y * Math.sin(image)
    pixels[i] = Math.round(127.5 + 90 * Math.sin(along / 4 + channel * (1 + (image % 3)) + image))
  }
  return {
    name: 'slopes',
    pixels,
    labels: new Int32Array(count),
    count,
    height: SIZE,
    width: SIZE,
    classes: ['a'],
  }
}
