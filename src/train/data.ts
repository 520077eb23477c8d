/** The data of a run: what its config names, loaded. */
import { type Dataset, loadDataset } from '../../datasets/index.js'
import { UserError } from '../errors.js'
import type { RunConfig } from './config.js'

/**
 * Loads the data set of a config.
 *
 * @throws DatasetError when it is missing or damaged, UserError when it is not the one that the run began with
 */
export async function loadData({ data, seed }: Pick<RunConfig, 'data' | 'seed'>): Promise<Dataset> {
  const dataset = await loadDataset(data.name, {
    seed,
    size: data.imageSize ?? undefined,
    validation: data.validation,
    dataDir: data.folder ?? undefined,
  })
  if (data.classes !== null && JSON.stringify(data.classes) !== JSON.stringify(dataset.classes))
    throw new UserError(
      `${data.name} has the classes ${dataset.classes.join(', ')}, but the run began with ${data.classes.join(', ')}`,
    )
  return dataset
}

/** The config with classes and image size of its data noted, so that a model can be exported without the data. */
export function noteData<C extends Pick<RunConfig, 'data'>>(config: C, { train, classes }: Dataset): C {
  return { ...config, data: { ...config.data, classes, imageSize: train.height } }
}
