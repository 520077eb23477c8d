/** How the children of a search are built, trained and measured: all alike, so that they can be compared. */

import type { RunConfig } from '../../train/classification/config.js'
import type { TrainingData } from '../../train/classification/train.js'
import { loadData, noteData } from '../../train/images/data.js'
import { decode } from '../space/genotypes.js'
import type { Decisions, SearchSpace } from '../space/space.js'
import { dataHere } from './data-here.js'
import { firstImages, scaledDown } from './image-subsets.js'
import type { Machine } from './machine.js'
import type { ImageRecipe } from './settings.js'

/** The images of a recipe, and the config of its children with the data noted. */
export interface ChildData<R = RunConfig> {
  run: R
  train: TrainingData['train']
  validation: TrainingData['train']
}

/**
 * Loads and scales a recipe's images; `warn` is called with what is left out of them.
 *
 * @throws DatasetError when they are missing, UserError when they are not the search's, Error when the recipe holds no validation images out
 */
export async function loadChildData<R extends Pick<RunConfig, 'data' | 'seed'>>(
  recipe: ImageRecipe<R>,
  machine: Machine,
  warn: (text: string) => void = () => {},
): Promise<ChildData<R>> {
  const { imageSize, trainImages, validationImages } = recipe
  const run = { ...recipe.run, data: dataHere(recipe.run.data, machine) }
  const data = await loadData(run)
  for (const warning of data.warnings) warn(warning)
  if (data.validation === undefined)
    throw new Error(`internal: "data.validation" is ${run.data.validation}, but children must be measured`)
  const reduced = (set: TrainingData['train'], count: number | null) =>
    scaledDown(firstImages(set, count), imageSize ?? set.height)
  return {
    run: noteData(run, data),
    train: reduced(data.train, trainImages),
    validation: reduced(data.validation, validationImages),
  }
}

/** The config of one child. `seed` changes what it begins with and in which order it sees its images. */
export function childConfig(
  space: SearchSpace,
  run: RunConfig,
  decisions: Decisions,
  seed = run.seed,
): RunConfig {
  const genotype = decode(space, decisions, 'child')
  return { ...run, seed, model: { ...run.model, name: genotype.name, genotype } }
}
