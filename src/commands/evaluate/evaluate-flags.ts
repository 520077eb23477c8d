import type { ModelCard } from '../../shared/model-card.js'
import type { AnyRunConfig } from '../../train/tasks.js'

/** What is measured: a run's folder, or an exported model's verified bytes. */
export type Subject<Config extends AnyRunConfig, Card extends ModelCard> =
  | { path: string; config: Config }
  | { path: string; card: Card; bytes: Uint8Array }

export interface EvaluateFlags {
  data?: string
  dataDir?: string
  split: 'test' | 'validation' | 'train'
  annotations?: string
  limit?: number
  out?: string
  json?: boolean
}
