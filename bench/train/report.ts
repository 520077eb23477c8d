/** What one process of the benchmark says of itself. */
export interface TrainReport {
  /** From the median step. */
  imagesPerSecond: number
  /** Every measured step. */
  stepMillis: number[]
  /** Largest resident set of the process. */
  peakMemoryBytes: number
  /** `total` counts batch norm's moving statistics too. */
  parameters: { total: number; trainable: number }
  /** Of every step, warm-up included, on the same batch: it must fall. */
  losses: number[]
  /** Of the first step, which is never measured: `torch.compile` compiles in it. */
  firstStepMillis: number
  /** PyTorch alone. */
  version?: string
  /** Ours alone: from functions of tensors to the bytes of the graph. */
  tracingMillis?: number
  /** Ours alone: from the bytes to a session ready to run, its worker thread included. */
  sessionMillis?: number
  /** Ours alone: nodes of the graph. */
  nodes?: number
}
