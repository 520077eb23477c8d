/** What one process of the benchmark says of itself: a training step, or the inference of one image. */
export interface DetectReport {
  /** From the median step. */
  imagesPerSecond: number
  /** Every measured step, of one image. */
  stepMillis: number[]
  /** Of the first step, which is never measured: `torch.compile` compiles in it. */
  firstStepMillis: number
  /** Largest resident set of the process. */
  peakMemoryBytes: number
  /** That of the runtime and its libraries alone, before there was a network. */
  startMemoryBytes: number
  /** Multiply-adds × 2 of one image's forward pass, in thousand millions. */
  gflop: number
  /** Trained ones. */
  parameters: number
  /** Training alone: of the last step. */
  loss?: number
  /** Inference alone: with a score above 0. */
  detections?: number
  /** Peers alone: of the libraries. */
  version?: string
}
