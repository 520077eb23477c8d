/** Loads the images and the objects of a detector's run. */
import { loadCocoSet } from '../../../datasets/detection/coco-set.js'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { loadScenes } from '../../../datasets/detection/scenes.js'
import type { AnnotatedImages, Category, DetectionDataConfig, DetectorRunConfig } from './config.js'
import { noteImages, refuseChangedImages, refuseMovedImages } from './data-place.js'

export interface DetectionData {
  train: DetectionSet
  validation: DetectionSet | null
  /** A sentence for everything in the data that was left out, for the user. */
  warnings: string[]
}

/**
 * Loads the data of a config. The classes are those that the config records, or those of the training images.
 *
 * @throws DatasetError when it is missing or damaged, or does not have the classes that the run started with; UserError
 *   when it is not the data that the run started with
 */
export async function loadDetectionData(data: DetectionDataConfig): Promise<DetectionData> {
  if (data.kind === 'embedded') {
    const { size, seed } = data
    const train = await loadScenes({ part: 'train', count: data.train, size, seed })
    const held = data.validation
    const validation = held === 0 ? null : await loadScenes({ part: 'test', count: held, size, seed })
    return { train, validation, warnings: [] }
  }
  const load = async (
    from: AnnotatedImages,
    part: 'train' | 'validation',
    limit: number | null,
    categories: readonly Category[] | null,
  ) => {
    const { images, annotations } = from
    refuseMovedImages(from, part)
    const loaded = await loadCocoSet({
      ...{ images, annotations, limit: limit ?? undefined, categories: categories ?? undefined },
    })
    refuseChangedImages(from, loaded.set, part)
    return loaded
  }
  const train = await load(data.train, 'train', data.limit, data.categories)
  const validation =
    data.validation && (await load(data.validation, 'validation', data.validationLimit, train.set.categories))
  return {
    train: train.set,
    validation: validation?.set ?? null,
    warnings: [...train.warnings, ...(validation?.warnings ?? [])],
  }
}

/**
 * The config with a record of its data: the categories, so that a detector can be exported without the data; absolute
 * paths and fingerprints, so that a resumed run finds the data and recognises it.
 */
export function noteCategories(
  config: DetectorRunConfig,
  train: DetectionSet,
  validation: DetectionSet | null = null,
): DetectorRunConfig {
  const { categories } = train
  const { data } = config
  if (data.kind === 'embedded') return { ...config, data: { ...data, categories } }
  const measured = data.validation && validation ? noteImages(data.validation, validation) : data.validation
  return {
    ...config,
    data: { ...data, train: noteImages(data.train, train), validation: measured, categories },
  }
}
