/** Trains classifiers: builds the task for the training loop. */

import type { ImageSet } from '../../../datasets/classification/image-set.js'
import { decodeAhead } from '../../../datasets/sources/decode-ahead.js'
import { isInMemory, sideOf, type TrainingImages } from '../images/training-images.js'
import { train } from '../run/loop.js'
import type { Task, TrainOptions, TrainResult } from '../run/loop-types.js'
import type { Run } from '../run/run-folder.js'
import type { ParameterSlot, StateVectors } from '../step/step-types.js'
import type { StreamOptions } from '../streaming/image-stream.js'
import { type Unreadable, unreadableValidationError } from '../streaming/unreadable.js'
import type { RunConfig } from './config.js'
import { evaluate, type ImageBatches } from './evaluate.js'
import type { ClassifierMetrics } from './metrics.js'
import { type StepImages, stepSource } from './step-images.js'
import type { Predictor, TrainStep } from './step-types.js'

/** Builds the compiled steps and the predictors of classifiers. */
export interface Compiler {
  buildTrainStep(config: RunConfig, shapes: { imageSize: number; classes: number }): Promise<TrainStep>
  buildPredictor(
    config: RunConfig,
    state: StateVectors,
    shapes: { batch: number; imageSize: number; classes: number },
  ): Promise<Predictor>
}

/** `Images`: in memory, or read and decoded while the run trains. */
export interface TrainingData<Images extends TrainingImages = ImageSet> {
  train: Images
  /** Images to evaluate on while training; null: none. */
  validation: Images | null
}

export interface TrainClassifierOptions extends TrainOptions<ClassifierMetrics>, StreamOptions {
  /** Changes the initial state of a new run. */
  begin?: ((layout: ParameterSlot[], state: StateVectors) => StateVectors) | null
}

/** Trains the run of a classifier to its end, starting from its checkpoint if it has one. Throws as {@link train}. */
export function trainClassifier(
  run: Run<RunConfig>,
  data: TrainingData<TrainingImages>,
  compiler: Compiler,
  options: TrainClassifierOptions = {},
): Promise<TrainResult> {
  return train(run, classification(run.config, data, compiler, options), options)
}

function classification(
  config: RunConfig,
  { train: set, validation }: TrainingData<TrainingImages>,
  compiler: Compiler,
  { begin = null, ...options }: TrainClassifierOptions,
): Task<ClassifierMetrics, StepImages> {
  const { batchSize, accumulate = 1 } = config
  const classes = set.classes.length
  const { stepsPerEpoch, prepare, close } = stepSource(config, set, options)
  return {
    stepsPerEpoch,
    imagesPerStep: batchSize * accumulate,
    prepare,
    reportsWaiting: !isInMemory(set),
    begin,
    async build(imageSize) {
      const step = await compiler.buildTrainStep(config, { imageSize, classes })
      return {
        ...step,
        async run({ next }, place) {
          const sums = { loss: 0, accuracy: 0 }
          let [gradientNorm, waited] = [0, 0]
          for (let part = 0; part < accumulate; part++) {
            const began = performance.now()
            const { images, labels, pairs } = await next()
            waited += (performance.now() - began) / 1000
            const result = await step.run({ images, labels, pairs, part, ...place })
            sums.loss += result.loss / accumulate
            sums.accuracy += result.correct / (batchSize * accumulate)
            // After the last batch this is the norm of their mean.
            gradientNorm = result.gradientNorm
          }
          return { metrics: sums, gradientNorm, waited }
        },
      }
    },
    evaluate:
      validation &&
      (async (state, signal) => {
        const shapes = { batch: batchSize, imageSize: sideOf(validation, config.data), classes }
        const predictor = await compiler.buildPredictor(config, state, shapes)
        const labelled = evaluationImages(config, validation, options)
        const metrics = await evaluate(predictor, labelled, { batchSize, signal }).finally(() =>
          predictor.close(),
        )
        if (metrics === null) return null
        const { loss, top1, top5, images } = metrics
        return { loss, top1, top5, images }
      }),
    score: ({ top1 }) => top1,
    close,
  }
}

/** The validation images as `evaluate` takes them. Those that cannot be read are left out where the config skips such. */
function evaluationImages(
  { data }: RunConfig,
  validation: TrainingImages,
  { onUnreadable = () => {} }: StreamOptions,
): ImageSet | ImageBatches {
  if (isInMemory(validation)) return validation
  const options = {
    size: sideOf(validation, data),
    preprocessing: data.preprocessing ?? 'cover',
    onUnreadable(unreadable: Unreadable): void {
      if (!data.skipUnreadable) throw unreadableValidationError(unreadable)
      onUnreadable(unreadable)
    },
  }
  return {
    classes: validation.classes,
    batches: (batchSize) => decodeAhead(validation, { ...options, batchSize }),
  }
}
