import { searchFlags, searchSettings } from '../../../src/commands/search/flags.js'
import type { SearchConfig } from '../../../src/search/config.js'
import type { TrainedFor } from '../../../src/search/evaluate/shared-weights-file.js'
import { searchConfig } from '../../../src/search/settings.js'

/** The config that the flags of a command line make. */
export function searchConfigFrom(line: string, given?: TrainedFor): SearchConfig {
  const command = searchFlags()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  command.parse(line.split(' ').filter(Boolean), { from: 'user' })
  return searchConfig(searchSettings(command.opts()), { folder: 'searches/mine', id: 'mine', given })
}
