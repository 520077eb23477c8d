/** The autoencoder that a config describes. */
import { type Autoencoder, autoencoder, plainAutoencoder } from '../../../models/index.js'
import type { AutoencoderModel } from './config.js'

/** The network of a config. Throws a `ModelError` when it cannot be built. */
export function autoencoderOf(model: AutoencoderModel): Autoencoder {
  return model.kind === 'cells' ? autoencoder(model) : plainAutoencoder(model)
}
