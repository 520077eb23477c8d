/** What models report of their work. All methods are optional, so that whoever counts one thing implements one. */
export interface InferenceObserver {
  /** How many images wait for a model now. */
  queueLength?(model: string, length: number): void
  /** A model has computed so many images in one run. */
  batchSize?(model: string, size: number): void
  /** Time of one run of a model. */
  inferenceSeconds?(model: string, seconds: number): void
  /** An image was not computed. */
  notComputed?(model: string, reason: NotComputed): void
  /** A worker of a model has died. */
  workerDied?(model: string): void
}

/**
 * `full`: every place is taken. `slow`: it would have waited longer than its deadline. `unavailable`: no worker can be
 * started, or the model is closing. `crashed`: two workers in turn died while they computed it. `failed`: the model
 * failed on it.
 */
export type NotComputed = 'full' | 'slow' | 'unavailable' | 'crashed' | 'failed'
