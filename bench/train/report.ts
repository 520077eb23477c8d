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
  /** Ours alone: from functions of tensors to the bytes of the graph. */
  tracingMillis?: number
  /** Ours alone: from the bytes to a session ready to run, its worker thread included. */
  sessionMillis?: number
  /** Ours alone: nodes of the graph. */
  nodes?: number
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** Rows of text in columns, the first to the left, the others to the right. */
export function table(rows: string[][]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows
    .map((row) =>
      row
        .map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column])))
        .join('  '),
    )
    .join('\n')
}
