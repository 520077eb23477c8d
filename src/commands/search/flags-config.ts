/** The settings of a search that the flags of `search` name. */
import type { SearchSettings } from '../../search/settings.js'
import { UserError } from '../../shared/errors.js'
import type { SearchFlags } from './flags.js'

/** Throws a UserError for flags about shared weights where there are none. */
export function searchSettings(flags: SearchFlags): SearchSettings {
  const { task, evaluator, weights, warmUp } = flags
  const aboutShared = (weights ?? warmUp) !== undefined
  if (task === 'autoencode' && (evaluator === 'shared' || aboutShared))
    throw new UserError(
      'Autoencoders have no shared weights: with --task autoencode, each child is trained on its own; leave out --evaluator shared, --weights and --warm-up',
    )
  if (evaluator === 'train' && aboutShared)
    throw new UserError(
      `--${weights === undefined ? 'warm-up' : 'weights'} is about shared weights, which --evaluator ${evaluator} does without; leave one of the two out`,
    )
  return flags
}
