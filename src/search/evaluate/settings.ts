/** How the children of a search are evaluated, as its config holds it. */
import * as z from 'zod/mini'
import { autoencoderSizes } from '../../../models/autoencoder-config.js'
import { number, renamed, text, wholeNumber } from '../../shared/validation.js'
import { autoencoderTraining } from '../../train/autoencoder/config.js'
import { runConfig } from '../../train/classification/config.js'
import { searchSpace } from '../space/space.js'

const count = wholeNumber(1)

const images = {
  space: searchSpace,
  /** Side in pixels that images are scaled down to; null: as they are. */
  imageSize: z.nullable(wholeNumber(8, 1024)),
  /** How many of the images to train on; null: all. */
  trainImages: z.nullable(count),
  /** How many of the images to measure on; null: all. */
  validationImages: z.nullable(count),
  /** Whether the time that one image takes is measured too. */
  latency: z.boolean(),
}

const recipe = z.strictObject({
  ...images,
  /** The config of every child; `model.genotype` and `model.name` become the child's. */
  run: runConfig,
})
export type ChildRecipe = z.infer<typeof recipe>

/** What children are trained and measured on. `R`: the config that they have in common. */
export type ImageRecipe<R> = Pick<ChildRecipe, 'imageSize' | 'trainImages' | 'validationImages'> & { run: R }

const train = z.strictObject({
  kind: z.literal('train'),
  ...recipe.shape,
  /**
   * A child stops early when its accuracy at an evaluation is below this quantile of the accuracies that the children
   * before it had at the same step; 0: none does.
   */
  stopBelow: number({ from: 0, to: 1 }),
})
export type TrainSettings = z.infer<typeof train>

const reconstruct = z.strictObject({
  kind: z.literal('reconstruct'),
  ...images,
  run: autoencoderTraining,
  /** Everything about the children's networks but their cells. */
  sizes: autoencoderSizes,
})
export type ReconstructSettings = z.infer<typeof reconstruct>

const shared = z.strictObject({
  kind: z.literal('shared'),
  ...recipe.shape,
  /** File of the shared weights. */
  weights: text(),
  /** How the shared weights are trained before the search, by children that train as those of the search do. */
  warmUp: z.strictObject({
    /** In each, `sideBySide` children train from the same weights, which then move towards theirs. */
    rounds: count,
    sideBySide: wholeNumber(1, 64),
    /** How far, as a share of the way, in (0, 1]. */
    rate: number({ above: 0, to: 1 }),
  }),
})
export type SharedSettings = z.infer<typeof shared>

/** `stopBelow` as it was called before version 0.2. */
const earlier = { hopelessBelow: 'stopBelow' }

export const childEvaluator = renamed(earlier, z.discriminatedUnion('kind', [train, reconstruct, shared]))
export type ChildEvaluator = z.infer<typeof childEvaluator>

/** Those that train each child by itself, for which the best may be trained longer. */
export const separateEvaluator = renamed(earlier, z.discriminatedUnion('kind', [train, reconstruct]))
