/** Weights of the Object Detection API's `faster_rcnn_nas` as a detector's run. */
import { UserError } from '../../shared/errors.js'
import { detectorSpecs } from '../../train/detection/step.js'
import { exportDetectorRun } from '../../train/tasks.js'
import { dialectOf } from '../names/dialects.js'
import { CLASS_BIASES, fasterRcnnNas, isDetectorCheckpoint } from '../names/faster-rcnn.js'
import { slim } from '../names/slim.js'
import type { TensorSource } from '../source.js'
import {
  type DetectorArchitecture,
  importedClasses,
  importedDetectorConfig,
} from './imported-detector-config.js'
import { countsOf, type ImportEvents, type ImportResult, writeImportedRun } from './imported-run.js'
import { matchTensors, takesAverages } from './match.js'
import { openWeights } from './open-weights.js'

export interface DetectorImportOptions extends DetectorArchitecture {
  /** A file with a label on each line, for ids from 1 on; by default COCO's categories, where there are as many ids. */
  labels?: string
  /** Takes the weights themselves where the files have their moving averages too. */
  raw?: boolean
}

/**
 * Makes a detector's run in a new folder of the weights in `files`, which are those of one network.
 *
 * @throws UserError that lists the tensors that are missing, of another shape or left over, or says what is wrong with
 *   the files; nothing is left behind then
 */
export async function importDetector(
  files: readonly string[],
  folder: string,
  { labels, raw = false, ...architecture }: DetectorImportOptions,
  events?: ImportEvents,
): Promise<ImportResult> {
  const source = await openWeights(files)
  try {
    if (!isDetectorCheckpoint(source.tensors)) throw noDetector(source)
    const averages = takesAverages(source.tensors, slim, raw)
    const classes = await importedClasses(lengthOf(source, CLASS_BIASES, 91) - 1, labels)
    const config = importedDetectorConfig(architecture, classes, lengthOf(source, 'Conv/biases', 512), {
      program: 'object-detection-api',
      file: source.path,
      averages,
    })
    const { categories, spareIds } = classes
    const { parameters: specs } = detectorSpecs(config, {
      imageSize: config.inputSize,
      classes: categories.length,
    })
    const { scales, ratios } = config.detector.anchors
    const names = fasterRcnnNas(
      specs.map(({ path }) => path),
      config.backbone,
      {
        scales: scales.length,
        ratios: ratios.length,
        categoryIds: categories.map(({ id }) => id),
        spareIds,
      },
    )
    const matching = matchTensors(source, specs, names, averages)
    const weights = { source, specs, matches: matching.matches }
    const model = await writeImportedRun(folder, config, weights, exportDetectorRun, events)
    return {
      ...{ run: folder, model, from: 'object-detection-api', classes: categories.length },
      ...countsOf(matching),
    }
  } finally {
    await source.close()
  }
}

/** Numbers in a vector, or in its average; `otherwise`, where there is none, so that it is listed as missing. */
function lengthOf({ tensors }: TensorSource, name: string, otherwise: number): number {
  const shape = (tensors.get(name) ?? tensors.get(slim.average!(name)))?.shape
  return shape?.length === 1 && shape[0] >= 2 ? shape[0] : otherwise
}

function noDetector({ path, tensors }: TensorSource): UserError {
  const classifier = dialectOf(tensors)
  if (classifier !== undefined)
    return new UserError(
      `${path} holds a classifier's weights, as ${classifier.title} names them; choose a classifier's --arch, and make a detector of its run by finetune-coco --backbone`,
    )
  const [first] = tensors.keys()
  return new UserError(
    `${path} does not hold a detector on NASNet as the Object Detection API names its weights: its first of ${tensors.size} tensors is "${first}"`,
  )
}
