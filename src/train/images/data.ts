/** Loads the data of a run, and compares it with the data that the run started with. */
import { sameClasses } from '../../../datasets/classification/imagenet-classes.js'
import { changeOfData, type Dataset, loadDataset, type PartName } from '../../../datasets/index.js'
import { UserError } from '../../shared/errors.js'
import { listed } from '../../shared/text.js'
import type { ImageConfig, TrainingConfig } from '../settings/config.js'
import { changedData, changedNote, fetchedFolder, refuseMoved, shownName, withPlace } from './data-place.js'

export interface LoadDataOptions {
  /** Called with a sentence when the data has changed since the run started; without it, changed data is refused. */
  onChange?: (text: string) => void
  /** The parts that are compared. Default: those that training and its evaluations use. */
  parts?: readonly PartName[]
}

/**
 * Loads the data set of a config.
 *
 * @throws DatasetError when it is missing or damaged, UserError when it is not the one that the run started with
 */
export async function loadData(
  { data, seed }: Pick<ImageConfig, 'data'> & Pick<TrainingConfig, 'seed'>,
  { onChange, parts }: LoadDataOptions = {},
): Promise<Dataset> {
  refuseMoved(data)
  const dataset = await loadDataset(data.name, {
    seed,
    size: data.imageSize ?? undefined,
    validation: data.validation,
    dataDir: fetchedFolder(data) ?? undefined,
  })
  const { fingerprint } = dataset
  const change = data.fingerprint && fingerprint ? changeOfData(data.fingerprint, fingerprint, parts) : null
  if (change !== null && onChange === undefined) throw changedData(data, change)
  if (change !== null) onChange?.(changedNote(shownName(data), change))
  if (data.classes !== null && !sameClasses(data.classes, dataset.classes))
    throw new UserError(
      `${data.name} has the classes ${listed(dataset.classes)}, but the run started with ${listed(data.classes)}`,
    )
  return dataset
}

/**
 * The config with a record of its data: the classes and the image size, so that a model can be exported without the
 * data; the absolute path and the fingerprint, so that a resumed run finds the data and recognises it.
 */
export function noteData<C extends Pick<ImageConfig, 'data'>>(
  config: C,
  { train, classes, fingerprint }: Pick<Dataset, 'train' | 'classes' | 'fingerprint'>,
): C {
  return {
    ...config,
    data: { ...withPlace(config.data, fingerprint), classes, imageSize: train.height },
  }
}
