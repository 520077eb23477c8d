/** Classification as a task whose runs are folders. */
import { changeOfData } from '../../../datasets/classification/dataset-fingerprint.js'
import type { ClassifierCard } from '../../shared/model-card.js'
import { changedData, fixedKindOf } from '../images/data-place.js'
import { fixedTrainingSettings } from '../run/resumable.js'
import type { RunTask } from '../run/run-task.js'
import { SHUFFLE_BUFFER } from '../settings/config.js'
import { classifierCard } from './card.js'
import { type RunConfig, validateConfig } from './config.js'
import { type ClassifierMetrics, classifierCurves, classifierFormatter } from './metrics.js'

export const classification: RunTask<RunConfig, ClassifierMetrics, ClassifierCard> = {
  title: 'a classifier (of "toolkit train-backbone")',
  modelFile: 'model.onnx',
  validate: (value) => validateConfig(value),
  fixedSettings(config) {
    const { model, seed, batchSize, accumulate = 1, auxiliaryWeight, freeze } = config
    const {
      fingerprint,
      skipUnreadable,
      preprocessing,
      shuffleBuffer = SHUFFLE_BUFFER,
      ...data
    } = config.data
    return {
      model,
      seed,
      batchSize,
      accumulate,
      // The place of the images may change.
      data: { ...data, folder: null, name: fixedKindOf(data.name), shuffleBuffer },
      ...fixedTrainingSettings(config),
      auxiliaryWeight: auxiliaryWeight === 0,
      // Frozen weights lie in another vector.
      freeze: freeze ?? null,
    }
  },
  refuseOtherData(saved, { data }) {
    const [before, now] = [saved.data.fingerprint, data.fingerprint]
    const change = before && now ? changeOfData(before, now) : null
    if (change !== null) throw changedData(data, change)
  },
  keep: ({ keep }) => keep,
  card: classifierCard,
  loadExporter: async () => (await import('./export.js')).exportModel,
  formatter: classifierFormatter,
  curves: classifierCurves,
}
