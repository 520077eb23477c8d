/** What the training of an autoencoder reports. */

export interface AutoencoderMetrics {
  training: {
    /** Mean squared error on the augmented training images, for pixels in [0, 1]. */
    loss: number
  }
  evaluation: Reconstruction
}

export interface Reconstruction {
  images: number
  /** Mean squared error, for pixels in [0, 1]. */
  error: number
  /**
   * 1 − error / variance of the images' pixels about the mean colour; 0 where the error is larger. The mean colour
   * alone, as every image's reconstruction, has 0, and the images themselves have 1.
   */
  varianceExplained: number
}
