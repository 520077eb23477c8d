import { type EvaluationRow, type Metrics, readRows } from '../../train/run/metrics.js'
import { keptStep, metricsPath } from '../../train/run/run-folder.js'

/** The evaluation of the weights of a run that are exported; null: they were not evaluated. */
export async function keptEvaluation<M extends Metrics>(
  folder: string,
  { keep }: { keep?: 'last' | 'best' },
): Promise<EvaluationRow<M> | null> {
  const step = await keptStep(folder, keep)
  const rows = await readRows<M>(metricsPath(folder))
  const evaluations = rows.flatMap((row) => (row.kind === 'evaluation' ? [row] : []))
  return evaluations.filter((row) => row.step === step).at(-1) ?? null
}
