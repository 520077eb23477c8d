/** Detection as a task whose runs are folders. */
import type { DetectorCard } from '../../shared/model-card.js'
import { fixedTrainingSettings } from '../run/resumable.js'
import type { RunTask } from '../run/run-task.js'
import { detectorCard } from './card.js'
import { type DetectionDataConfig, type DetectorRunConfig, validateDetectorConfig } from './config.js'
import { refuseOtherImages } from './data-place.js'
import { type DetectorMetrics, detectorCurves, detectorFormatter } from './metrics.js'

export const detection: RunTask<DetectorRunConfig, DetectorMetrics, DetectorCard> = {
  title: 'a detector (of "toolkit finetune-coco")',
  modelFile: 'detector.onnx',
  validate: validateDetectorConfig,
  fixedSettings(config) {
    const { backbone, detector, freeze, seed, batchSize, accumulate, balance, data } = config
    return {
      backbone,
      detector,
      // Frozen weights lie in another vector.
      freeze: freeze ?? null,
      seed,
      batchSize,
      accumulate,
      // It makes other epochs.
      balance: balance ?? null,
      data: trainedOn(data),
      ...fixedTrainingSettings(config),
    }
  },
  refuseOtherData: (saved, { data }) => refuseOtherImages(saved.data, data),
  keep: ({ keep }) => keep,
  card: detectorCard,
  loadExporter: async () => (await import('./export.js')).exportDetector,
  formatter: detectorFormatter,
  curves: detectorCurves,
}

/** The data as far as training depends on it: the place of the images, and what is only measured, may change. */
function trainedOn(data: DetectionDataConfig): unknown {
  if (data.kind === 'embedded') return { ...data, validation: 0 }
  const { kind, limit, categories } = data
  return { kind, limit, categories }
}
