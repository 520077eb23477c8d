/** What an autoencoder is and how it is trained: everything needed to repeat it. */
import type { AutoencoderConfig, AutoencoderSizes, PlainAutoencoderConfig } from '../../../models/index.js'
import { integer, record } from '../../shared/schema.js'
import {
  batchNormSettings,
  type ImageConfig,
  ofImages,
  shared,
  type TrainingConfig,
} from '../settings/config.js'

/** All but the network. Images are reconstructed as they were augmented; labels are not used. */
export type AutoencoderTraining = Pick<ImageConfig, 'data' | 'augmentation'> &
  Omit<TrainingConfig, 'checkpoint' | 'evaluateEvery'>

/** An autoencoder of cells, or the plain one that it is measured against. */
export type AutoencoderModel =
  | ({ kind: 'cells' } & AutoencoderConfig)
  | ({ kind: 'plain' } & PlainAutoencoderConfig)

export interface AutoencoderRunConfig extends AutoencoderTraining {
  model: AutoencoderModel
}

const { data, augmentation } = ofImages
const { seed, batchSize, length, optimizer, learningRate, weightDecay, clipNorm, averageDecay } = shared

/** Schemas, for configs that hold these. */
export const autoencoderTraining = record<AutoencoderTraining>({
  data,
  seed,
  batchSize,
  length,
  optimizer,
  learningRate,
  weightDecay,
  clipNorm,
  averageDecay,
  augmentation,
})

export const autoencoderSizes = record<AutoencoderSizes>({
  stages: integer(1, 10),
  cells: integer(1, 100),
  filters: integer(1, 10_000),
  stemFilters: integer(1, 10_000),
  codeChannels: integer(1, 10_000),
  batchNorm: batchNormSettings,
})
