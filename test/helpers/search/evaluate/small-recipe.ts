/** Children that cost a fraction of a second: one block, four filters, images of 8 × 8. */
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ChildRecipe } from '../../../../src/search/evaluate/settings.js'
import type { SearchSpace } from '../../../../src/search/space/space.js'
import type { RunConfig } from '../../../../src/train/classification/config.js'
import { presets } from '../../../../src/train/classification/presets.js'
import { paintImages } from '../../commands/painted-images.js'
import { temporaryFolder } from '../../temporary-folder.js'

export const smallSpace: SearchSpace = {
  cells: ['normal', 'reduction'],
  blocks: 1,
  operations: ['conv_1x1', 'sep_conv_3x3', 'max_pool_3x3'],
  combinations: ['add'],
}

export const smallRun: RunConfig = {
  ...presets['laptop-cifar10'],
  model: { ...presets['laptop-cifar10'].model, cells: 1, filters: 4, stemFilters: 6 },
  batchSize: 8,
  length: { kind: 'epochs', amount: 3 },
  learningRate: { kind: 'cosine', peak: 0.05, warmup: 0 },
  averageDecay: null,
  resolution: [],
  augmentation: { crop: 1, flip: true, cutout: 0, colour: 0 },
}

/** Red and green images of 16 × 16 that are brought to 8 × 8: 24 to train on, 16 to measure on. */
export async function smallRecipe(
  t: TestContext,
): Promise<{ recipe: ChildRecipe; folder: string; images: string }> {
  const folder = await temporaryFolder(t)
  const images = join(folder, 'images')
  await paintImages(images)
  const recipe: ChildRecipe = {
    space: smallSpace,
    run: { ...smallRun, data: { ...smallRun.data, name: images, validation: 20, imageSize: 16 } },
    imageSize: 8,
    trainImages: 24,
    validationImages: 16,
    latency: false,
  }
  return { recipe, folder, images }
}
