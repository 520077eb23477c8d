/** What differs from task to task in the folder of a run. Each task describes itself; `tasks.ts` lists them. */
import type { ModelCard } from '../../shared/model-card.js'
import type { StateVectors } from '../step/step-types.js'
import type { ConfigRules } from './config-rules.js'
import type { CurveKind } from './curve.js'
import type { Metrics, MetricsRow } from './metrics.js'
import type { MetricFormatter } from './progress.js'
import type { Keep } from './run-checkpoints.js'

/** A task whose runs have configs `C`, report metrics `M` and end in a model with a card `Card`. */
export interface RunTask<C, M extends Metrics, Card extends ModelCard> extends ConfigRules<C> {
  /** What is trained, and the command that does it, for messages. */
  title: string
  /** Name of the exported model in the folder of the run. */
  modelFile: string
  /** Which weights are exported; missing: the last. */
  keep?: (config: C) => Keep | undefined
  /** What the exported model says about itself. `rows`: the metrics up to the step that is exported. */
  card(config: C, step: number, rows: readonly MetricsRow<M>[]): Card
  /** Loads the function that writes the model's bytes. It is loaded late, because it needs TensorFlow.js. */
  loadExporter(): Promise<(config: C, state: StateVectors, card: Card) => Uint8Array | Promise<Uint8Array>>
  formatter: MetricFormatter<M>
  curves: CurveKind<M>
}
