/** The images and objects of a detector's run: what its config names, loaded. */
import { loadCocoSet } from '../../../datasets/detection/coco-set.js'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { loadScenes } from '../../../datasets/detection/scenes.js'
import type { AnnotatedImages, Category, DetectionDataConfig, DetectorRunConfig } from './config.js'

export interface DetectionData {
  train: DetectionSet
  validation: DetectionSet | null
  /** What of the data was left out, in a sentence each; for the user to see. */
  warnings: string[]
}

/**
 * Loads the data of a config. The classes are those that the config notes, or those of the training images.
 *
 * @throws DatasetError when it is missing or damaged, or does not have the classes that the run began with
 */
export async function loadDetectionData(data: DetectionDataConfig): Promise<DetectionData> {
  if (data.kind === 'embedded') {
    const { size, seed } = data
    const train = await loadScenes({ part: 'train', count: data.train, size, seed })
    const held = data.validation
    const validation = held === 0 ? null : await loadScenes({ part: 'test', count: held, size, seed })
    return { train, validation, warnings: [] }
  }
  const load = (from: AnnotatedImages, limit: number | null, categories: Category[] | null) =>
    loadCocoSet({ ...from, limit: limit ?? undefined, categories: categories ?? undefined })
  const train = await load(data.train, data.limit, data.categories)
  const validation =
    data.validation && (await load(data.validation, data.validationLimit, train.set.categories))
  return {
    train: train.set,
    validation: validation?.set ?? null,
    warnings: [...train.warnings, ...(validation?.warnings ?? [])],
  }
}

/** The config with the categories of its data noted, so that a detector can be exported without the data. */
export function noteCategories(config: DetectorRunConfig, { categories }: DetectionSet): DetectorRunConfig {
  return { ...config, data: { ...config.data, categories } }
}
