/** What one process of the benchmark says of itself: training images prepared from the same JPEG files. */
export interface DataReport {
  images: number
  seconds: number
  /** Time that all threads and child processes spent computing, in seconds. */
  processorSeconds: number
  /** Largest resident set of the process. */
  peakMemoryBytes: number
  /** Of the libraries. */
  version: string
}
