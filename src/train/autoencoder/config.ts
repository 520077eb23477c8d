/** What an autoencoder is and how it is trained: everything needed to repeat it. */
import * as z from 'zod/mini'
import type { AutoencoderConfig, PlainAutoencoderConfig } from '../../../models/index.js'
import { imageFields, trainingFields } from '../settings/config.js'

const { data, augmentation } = imageFields
const { seed, batchSize, length, optimizer, learningRate, weightDecay, clipNorm, averageDecay } =
  trainingFields

/** All but the network. Images are reconstructed as they were augmented; labels are not used. */
export const autoencoderTraining = z.strictObject({
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
export type AutoencoderTraining = z.infer<typeof autoencoderTraining>

/** An autoencoder of cells, or the plain one that it is measured against. */
export type AutoencoderModel =
  | ({ kind: 'cells' } & AutoencoderConfig)
  | ({ kind: 'plain' } & PlainAutoencoderConfig)

export interface AutoencoderRunConfig extends AutoencoderTraining {
  model: AutoencoderModel
}
