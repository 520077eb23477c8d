/** What one process of the benchmark says of itself: the same batch of images, again and again. */
export interface InferReport {
  /** Of every measured run, from bytes to probabilities. */
  millis: number[]
  /** From the file, or the network, until the first run has ended. */
  startMillis: number
  /** Largest resident set of the process. */
  peakMemoryBytes: number
  /** Of the first image; those of one file must agree. */
  probabilities: number[]
  /** Of the libraries. */
  version: string
}
