/** What a NASNet is made of, besides its cells. */
import * as z from 'zod/mini'
import { type Fields, number, rule, validate, wholeNumber } from '../src/shared/validation.js'
import { ModelError } from './errors.js'
import type { Genotype } from './genotype.js'

const fraction = number({ from: 0, below: 1 })

export const batchNormSettings = z.strictObject({
  /** moving = decay · moving + (1 − decay) · batch. */
  decay: fraction,
  /** Added to the variance. */
  epsilon: number({ above: 0 }),
})

export interface BatchNormSettings extends z.infer<typeof batchNormSettings> {
  /** Uses the moving statistics in training too, and trains neither them nor scale and offset. */
  frozen?: boolean
}

const sizes = {
  /** N, the normal cells of each of the three stages. */
  cells: wholeNumber(1, 100),
  /** F, the width of a state in the first stage; doubled by each reduction. */
  filters: wholeNumber(1, 10_000),
  /** Channels of the stem's convolution. */
  stemFilters: wholeNumber(1, 10_000),
}

/**
 * What the padding of a pool with a stride counts as. `slim`: nothing, as in the program that the published weights were
 * trained with. `keras`: zeros, in averages and maxima, as in Keras's NASNet. `timm`: zeros in averages alone, as in timm's.
 */
export const STRIDED_POOLS = ['slim', 'keras', 'timm'] as const
export type StridedPools = (typeof STRIDED_POOLS)[number]

/** Read as missing where it is `slim`, since configs without it mean the same and must compare as equal. */
const stridedPools = z.pipe(
  z.enum(STRIDED_POOLS),
  z.transform((pools): StridedPools | undefined => (pools === 'slim' ? undefined : pools)),
)

/** The settings that configs hold. */
export const nasnetFields = {
  /**
   * `cifar`: one 3×3 convolution. `imagenet`: one 3×3 convolution with stride 2, then two reduction cells
   * a quarter and half as wide as the first stage.
   */
  stem: z.enum(['cifar', 'imagenet']),
  ...sizes,
  /** Whether the normal cell after a reduction cell takes, as h(i−1), the map before the input of that reduction cell. */
  skipReduction: z.boolean(),
  /** Fraction of the pooled features that is dropped before the classifier in training, in [0, 1). */
  dropout: fraction,
  batchNorm: batchNormSettings,
  stridedPools: z.optional(stridedPools),
}

/** ScheduledDropPath's keep probability for the last cell at the end of training, in (0, 1]; 1: off. */
export const dropPathKeep = number({ above: 0, to: 1 })

export interface NasnetConfig extends Fields<typeof nasnetFields> {
  genotype: Genotype
  /** Padding of the ImageNet stem's convolution; a detector's is `same` unless it says otherwise. Default: `valid`. */
  stemPadding?: 'same' | 'valid'
  classes: number
  /** A second classifier before the last reduction, in training only. */
  auxiliaryHead: boolean
  dropPathKeep: number
  batchNorm: BatchNormSettings
}

const network = z
  .object({
    stem: nasnetFields.stem,
    ...sizes,
    dropout: fraction,
    classes: wholeNumber(1),
    dropPathKeep,
    stridedPools: nasnetFields.stridedPools,
  })
  .check(
    rule(({ stem, filters }, refuse) => {
      if (stem === 'imagenet' && filters % 4 !== 0)
        refuse(
          ['filters'],
          `is ${filters}, but with the ImageNet stem must be a multiple of 4, since its cells are a quarter as wide`,
        )
    }),
  )

/** Throws a {@link ModelError} that names the setting of which no network can be made. */
export function checkNasnetConfig(config: NasnetConfig): void {
  validate(network, config, { errorOf: (words) => new ModelError(words) })
}
