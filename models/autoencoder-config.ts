/** What an autoencoder is made of, besides its cells. */
import * as z from 'zod/mini'
import { validate, wholeNumber } from '../src/shared/validation.js'
import { ModelError } from './errors.js'
import type { AutoencoderGenotype } from './genotype.js'
import { batchNormSettings } from './nasnet-config.js'

const width = wholeNumber(1, 10_000)

const fields = {
  /** Number of times that the encoder halves height and width. */
  stages: wholeNumber(1, 10),
  /** N, the normal cells of each stage, before its reduction cell and after its expansion cell. */
  cells: wholeNumber(1, 100),
  /** F, the width of a state in the first stage; doubled by each reduction, halved by each expansion. */
  filters: width,
  /** Channels of the stem's convolution. */
  stemFilters: width,
  /** Channels of the code. It has H / 2^stages × W / 2^stages pixels. */
  codeChannels: width,
  batchNorm: batchNormSettings,
}

/** The settings of an autoencoder besides its cells. */
export const autoencoderSizes = z.strictObject(fields)
export type AutoencoderSizes = z.infer<typeof autoencoderSizes>

export interface AutoencoderConfig extends AutoencoderSizes {
  genotype: AutoencoderGenotype
}

const plainSizes = z.object({
  stages: fields.stages,
  codeChannels: fields.codeChannels,
  batchNorm: batchNormSettings,
  /** Channels after the first convolution; doubled by each further one of the encoder. */
  width,
})
export type PlainAutoencoderConfig = z.infer<typeof plainSizes>

/** Throws a {@link ModelError} that names the setting of which no autoencoder can be made. */
export function checkAutoencoderConfig(config: AutoencoderConfig): void {
  validate(z.object(fields), config, { errorOf: (words) => new ModelError(words) })
}

/** The same of the plain one. */
export function checkPlainConfig(config: PlainAutoencoderConfig): void {
  validate(plainSizes, config, { errorOf: (words) => new ModelError(words) })
}
