/** The network that both sides of the benchmark train. */

import type { RunConfig } from '../../src/train/classification/config.js'
import { describeNetwork } from '../../src/train/classification/describe.js'
import { networkConfig } from '../../src/train/classification/network.js'
import { presets } from '../../src/train/classification/presets.js'

export interface TrainCase {
  stem: 'cifar' | 'imagenet'
  stemFilters: number
  /** N. */
  cells: number
  /** F. */
  filters: number
  /** Images in a step. */
  batch: number
  /** Pixels along a side. */
  imageSize: number
  classes: number
}

/** What a stem's images and batches are by default: the ImageNet stem's are those of NASNet-A mobile. */
export const STEM_DEFAULTS = {
  cifar: { stemFilters: (filters: number) => 3 * filters, batch: 32, imageSize: 32, classes: 10 },
  imagenet: { stemFilters: () => 32, batch: 16, imageSize: 224, classes: 1000 },
}

/** NASNet-A without drop path, dropout and auxiliary head, in the recipe for CIFAR-10. */
export function runConfigOf({ stem, stemFilters, cells, filters, batch }: TrainCase): RunConfig {
  const paper = presets['paper-cifar']
  return {
    ...paper,
    model: { ...paper.model, stem, stemFilters, cells, filters },
    batchSize: batch,
    dropPathKeep: 1,
    auxiliaryWeight: 0,
  }
}

/**
 * GFLOP of one image in a training step: multiply-adds × 2 of convolutions and the dense layer, three times, since the
 * gradients of inputs and of weights each cost about what the forward pass does. Throws a `ModelError` where no network
 * can be built.
 */
export function stepGflop(one: TrainCase): number {
  const { multiplyAdds } = describeNetwork(networkConfig(runConfigOf(one), one.classes), one.imageSize)
  return (multiplyAdds * 2 * 3) / 1e9
}
