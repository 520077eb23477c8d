/** The autoencoder that a config describes. */
import { type Autoencoder, autoencoder, plainAutoencoder } from '../../../models/index.js'
import type { AutoencoderModel } from './config.js'

/** Throws a `ModelError` when the settings make no network. */
export function autoencoderOf(model: AutoencoderModel): Autoencoder {
  return model.kind === 'cells' ? autoencoder(model) : plainAutoencoder(model)
}
