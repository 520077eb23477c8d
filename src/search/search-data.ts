/** The data of a search: noted when it begins, and compared when it goes on. */
import { changeOfData, fingerprintDataset } from '../../datasets/index.js'
import type { DataConfig } from '../train/config.js'
import { changedData, refuseMoved, withPlace } from '../train/data.js'
import type { SearchConfig } from './config.js'

/** The config with other data for its children, and for those that are trained longer. */
export function withSearchData(config: SearchConfig, change: (data: DataConfig) => DataConfig): SearchConfig {
  const changed = <E extends SearchConfig['evaluator']>(evaluator: E): E => ({
    ...evaluator,
    run: { ...evaluator.run, data: change(evaluator.run.data) },
  })
  const { evaluator, retrain } = config
  return {
    ...config,
    evaluator: changed(evaluator),
    retrain: retrain && { ...retrain, evaluator: changed(retrain.evaluator) },
  }
}

/**
 * The config of a new search with its data's place and fingerprint noted.
 *
 * @throws DatasetError when the data is missing or not laid out as it must be
 */
export async function noteSearchData(config: SearchConfig): Promise<SearchConfig> {
  const { name, folder } = config.evaluator.run.data
  const fingerprint = await fingerprintDataset(name, { dataDir: folder ?? undefined })
  return withSearchData(config, (data) => withPlace(data, fingerprint))
}

/**
 * The config of a search that goes on, with its data in the place that is named now, if one is.
 *
 * @throws DatasetError when the data is missing, UserError when it is not what the search began with
 */
export async function resumeSearchData(
  config: SearchConfig,
  named: Partial<Pick<DataConfig, 'name' | 'folder'>>,
): Promise<SearchConfig> {
  const moved = Object.keys(named).length > 0
  const data = { ...config.evaluator.run.data, ...named }
  const { fingerprint: before } = data
  if (before === undefined && !moved) return config
  refuseMoved(data)
  const now = await fingerprintDataset(data.name, { dataDir: data.folder ?? undefined })
  const change = before && now ? changeOfData(before, now) : null
  if (change !== null || (before !== undefined && now === undefined))
    throw changedData(data, change ?? 'it is another data set')
  return moved ? withSearchData(config, (old) => withPlace({ ...old, ...named }, now)) : config
}
