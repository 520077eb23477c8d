/** Beginning a search in a new folder, and going on with one that was stopped or killed. */
import { randomUUID } from 'node:crypto'
import { defined } from '../shared/defined.js'
import { UserError } from '../shared/errors.js'
import { isHere } from '../train/images/data-place.js'
import { type SearchConfig, validateSearchConfig } from './config.js'
import { loadFinished, loadShared } from './evaluate/shared-weights-file.js'
import type { QueuePlace } from './open-queue.js'
import { noteSearchData, resumeSearchData } from './search-data.js'
import { createSearchFolder, evaluatorIn, openSearchFolder, trainsOwnWeights } from './search-folder.js'
import { type SearchSettings, searchConfig } from './settings.js'
import { Study } from './study.js'

export interface CreateOptions extends Partial<QueuePlace> {
  /** Called with what is left out of the data, such as damaged images. By default Node prints it as a warning. */
  onWarning?: (text: string) => void
}

/** What may change when a search goes on. */
export interface SearchChanges {
  budget?: SearchConfig['budget']
  /** How many of the best children are trained longer, and how many of all ranks. Both 0: the longer training is skipped. */
  top?: number
  checkRanks?: number
  /** Where the same data lies now: its name as in {@link SearchSettings.data}, and where fetched data sets lie. */
  data?: { name?: string; folder?: string }
}

const warn = (text: string): void => process.emitWarning(text)

/**
 * Begins a search in a folder, which is made; {@link Study.run} runs it.
 *
 * @param settings what differs from the defaults; or a whole config, such as another search's, which gets an id of its own
 * @param options where children are evaluated: in `processes` (as many as cores) of this machine with `threads` each (1),
 *   or by the workers of the `queue`
 * @throws UserError when the settings cannot be, shared weights do not fit, or the folder is not empty or cannot be
 *   written; DatasetError when the data is missing and no workers elsewhere may have it
 */
export async function createSearch(
  settings: SearchSettings | SearchConfig,
  folder: string,
  options: CreateOptions = {},
): Promise<Study> {
  const asked = isConfig(settings)
    ? { ...validateSearchConfig(settings), id: randomUUID() }
    : await configIn(folder, settings)
  const { onWarning = warn } = options
  const config = needsData(asked, options) ? await noteSearchData(asked, onWarning) : asked
  const evaluator = evaluatorIn(folder, config.evaluator)
  if (evaluator.kind === 'shared' && !trainsOwnWeights(config)) await loadFinished(evaluator)
  return new Study(await createSearchFolder(folder, config), { ...options, isNew: true })
}

/**
 * Goes on with the search in a folder: {@link Study.run} evaluates the children again that were in work, and goes on
 * from there as a search that was never interrupted.
 *
 * @param options as of {@link createSearch}; they may differ from run to run
 * @throws UserError when there is no search, another process runs it, a file is damaged, or its data has changed;
 *   DatasetError when the data is missing and no workers elsewhere may have it
 */
export async function resumeSearch(
  folder: string,
  { budget, top, checkRanks, data = {} }: SearchChanges = {},
  options: CreateOptions = {},
): Promise<Study> {
  const { onWarning = warn } = options
  const named = defined(data)
  const moved = Object.keys(named).length > 0
  const opened = await openSearchFolder(folder, budget, async (saved) => {
    const config = withRetrained(folder, saved, { top, checkRanks })
    return moved || needsData(config, options) ? resumeSearchData(config, named, onWarning) : config
  })
  return new Study(opened, options)
}

/** Throws a UserError where children are wanted, and the search has no recipe for them. */
function withRetrained(
  folder: string,
  config: SearchConfig,
  { top, checkRanks }: Pick<SearchChanges, 'top' | 'checkRanks'>,
): SearchConfig {
  const { retrain } = config
  if ((top ?? checkRanks) === undefined) return config
  if (retrain === null) {
    if ((top ?? 0) + (checkRanks ?? 0) === 0) return config
    throw new UserError(
      `${folder} was begun without longer training, so that it has no recipe for it: leave out --top and --check-ranks, and train its best cells with train-backbone --arch`,
    )
  }
  const { count, ranksChecked } = retrain
  return { ...config, retrain: { ...retrain, count: top ?? count, ranksChecked: checkRanks ?? ranksChecked } }
}

const isConfig = (settings: SearchSettings | SearchConfig): settings is SearchConfig =>
  typeof settings.evaluator === 'object'

async function configIn(folder: string, settings: SearchSettings): Promise<SearchConfig> {
  const { weights } = settings
  const given = weights === undefined ? undefined : (await loadShared(weights)).trainedFor
  return searchConfig(settings, { folder, id: randomUUID(), given })
}

/** Whether the data must be here: only with workers elsewhere may it be missing on the search's own machine. */
const needsData = ({ evaluator }: SearchConfig, { queue }: CreateOptions): boolean =>
  queue === undefined || isHere(evaluator.run.data)
