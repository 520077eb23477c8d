/** The data of a search: noted when it begins, and compared when it goes on. */
import { changeOfData, surveyDataset } from '../../datasets/index.js'
import { changedData, fetchedFolder, refuseMoved, withPlace } from '../train/images/data-place.js'
import type { DataConfig } from '../train/settings/config.js'
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

type Warn = (text: string) => void

/**
 * The config of a new search with its data's place and fingerprint noted.
 *
 * @throws DatasetError when the data is missing or not laid out as it must be
 */
export async function noteSearchData(config: SearchConfig, warn: Warn): Promise<SearchConfig> {
  const { name, folder } = config.evaluator.run.data
  const { fingerprint, warnings } = await surveyDataset(name, { dataDir: folder ?? undefined })
  for (const warning of warnings) warn(warning)
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
  warn: Warn,
): Promise<SearchConfig> {
  const moved = Object.keys(named).length > 0
  const data = { ...config.evaluator.run.data, ...named }
  const { fingerprint: before } = data
  if (before === undefined && !moved) return config
  refuseMoved(data)
  const { fingerprint: now, warnings } = await surveyDataset(data.name, {
    dataDir: fetchedFolder(data) ?? undefined,
  })
  for (const warning of warnings) warn(warning)
  const change = before && now ? changeOfData(before, now) : null
  if (change !== null || (before !== undefined && now === undefined))
    throw changedData(data, change ?? 'it is another data set')
  return moved ? withSearchData(config, (old) => withPlace({ ...old, ...named }, now)) : config
}
