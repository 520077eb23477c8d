/** The config of a detector's run whose weights come from the Object Detection API. */
import { defined } from '../../shared/defined.js'
import {
  type Category,
  type DetectorRunConfig,
  validateDetectorConfig,
} from '../../train/detection/config.js'
import { cocoData, detectorPresets } from '../../train/detection/presets.js'
import type { ModelConfig } from '../../train/settings/config.js'
import { COCO_CATEGORIES, LAST_COCO_ID, UNUSED_COCO_IDS } from '../names/coco-categories.js'
import { readLabels } from './read-labels.js'

/** In which a detector of the same shape may differ from the released one. */
export interface DetectorArchitecture {
  changes?: Partial<Pick<ModelConfig, 'cells' | 'filters' | 'stemFilters' | 'skipReduction' | 'stridedPools'>>
  /** [height, width] in pixels. Default: as released. */
  inputSize?: readonly [number, number]
  /** Proposals of an image. Default: as released. */
  proposals?: number
}

/** The classes of a detector by the ids that they have in the API, and ids that are not wanted. */
export interface ImportedClasses {
  categories: readonly Category[]
  spareIds: readonly number[]
}

/** As the config notes it. */
export type ImportedDetector = NonNullable<DetectorRunConfig['imported']>

/**
 * The classes of a detector with ids from 1 to `ids`: those in the file of labels; without one COCO's 80, where there are
 * as many ids as COCO has, otherwise `class 1` and so on.
 *
 * @throws UserError when the file has not a label for each id
 */
export async function importedClasses(ids: number, labelsFile: string | undefined): Promise<ImportedClasses> {
  if (labelsFile === undefined && ids === LAST_COCO_ID)
    return { categories: COCO_CATEGORIES, spareIds: UNUSED_COCO_IDS }
  const labels =
    labelsFile === undefined
      ? Array.from({ length: ids }, (_, i) => `class ${i + 1}`)
      : await readLabels(labelsFile, ids)
  return { categories: labels.map((name, i) => ({ id: i + 1, name })), spareIds: [] }
}

/**
 * The config: the released detector's, with these changes. `rpnFilters`: width of the proposal network's convolution. A
 * detector of COCO's categories is evaluated on COCO by default; of another data set nothing is known.
 *
 * @throws UserError for sizes of which no detector is made
 */
export function importedDetectorConfig(
  { changes = {}, inputSize, proposals }: DetectorArchitecture,
  { categories, spareIds }: ImportedClasses,
  rpnFilters: number | undefined,
  imported: ImportedDetector,
): DetectorRunConfig {
  const released = detectorPresets['faster-rcnn-nas-coco']
  const { backbone, detector } = released
  const postNmsTopN = proposals ?? detector.proposals.postNmsTopN
  return validateDetectorConfig({
    ...released,
    data: { ...cocoData, ...(categories !== COCO_CATEGORIES && { validation: null }), categories },
    backbone: { ...backbone, ...defined(changes) },
    detector: {
      ...detector,
      proposals: {
        ...detector.proposals,
        filters: rpnFilters ?? detector.proposals.filters,
        postNmsTopN,
        postNmsTopNTraining: postNmsTopN,
      },
      roiHeads: { ...detector.roiHeads, ...(spareIds.length > 0 && { spareClasses: spareIds.length }) },
    },
    inputSize: inputSize ?? released.inputSize,
    imported,
  })
}
