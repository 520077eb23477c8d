/** The optimiser that flags choose. */
import { UserError } from '../../shared/errors.js'
import type { OptimizerConfig } from '../../train/settings/config.js'
import { changed } from '../shared/flags.js'

export interface OptimizerFlags {
  optimizer?: OptimizerConfig['kind']
  momentum?: number
  nesterov?: boolean
}

/** The optimisers' own settings where a flag changes the kind: the paper's for RMSProp, the usual for Adam. */
const optimizers: { [K in OptimizerConfig['kind']]: Extract<OptimizerConfig, { kind: K }> } = {
  momentum: { kind: 'momentum', momentum: 0.9, nesterov: false },
  rmsprop: { kind: 'rmsprop', decay: 0.9, momentum: 0.9, epsilon: 1 },
  adam: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
}

/** The optimiser with the flags' changes. Throws a `UserError` for flags that do not go with it. */
export function optimizerOf(before: OptimizerConfig, flags: OptimizerFlags): OptimizerConfig {
  const { momentum, nesterov } = flags
  const optimizer =
    flags.optimizer === undefined || flags.optimizer === before.kind ? before : optimizers[flags.optimizer]
  if (nesterov !== undefined && optimizer.kind !== 'momentum')
    throw new UserError(`--nesterov goes with the optimizer momentum, not ${optimizer.kind}`)
  if (momentum !== undefined && optimizer.kind === 'adam')
    throw new UserError('--momentum goes with the optimizers momentum and rmsprop, not adam')
  return changed<object>(optimizer, { momentum, nesterov }) as OptimizerConfig
}
