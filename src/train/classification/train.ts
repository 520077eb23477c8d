/** Trains classifiers: builds the task for the training loop. */
import type { ImageSet } from '../../../datasets/classification/image-set.js'
import { type Batch, makeBatches } from '../images/batches.js'
import { train } from '../run/loop.js'
import type { Task, TrainOptions, TrainResult } from '../run/loop-types.js'
import type { Run } from '../run/run-folder.js'
import type { ParameterSlot, StateVectors } from '../step/step-types.js'
import type { RunConfig } from './config.js'
import { evaluate } from './evaluate.js'
import type { ClassifierMetrics } from './metrics.js'
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

export interface TrainingData {
  train: ImageSet
  /** Images to evaluate on while training; null: none. */
  validation: ImageSet | null
}

export interface TrainClassifierOptions extends TrainOptions<ClassifierMetrics> {
  /** Changes the initial state of a new run. */
  begin?: ((layout: ParameterSlot[], state: StateVectors) => StateVectors) | null
}

/** Trains the run of a classifier to its end, starting from its checkpoint if it has one. Throws as {@link train}. */
export function trainClassifier(
  run: Run<RunConfig>,
  data: TrainingData,
  compiler: Compiler,
  { begin = null, ...options }: TrainClassifierOptions = {},
): Promise<TrainResult> {
  return train(run, { ...classification(run.config, data, compiler), begin }, options)
}

function classification(
  config: RunConfig,
  { train: set, validation }: TrainingData,
  compiler: Compiler,
): Omit<Task<ClassifierMetrics, Batch>, 'begin'> {
  const { batchSize } = config
  const classes = set.classes.length
  const { stepsPerEpoch, batch } = makeBatches(config, set)
  return {
    stepsPerEpoch,
    imagesPerStep: batchSize,
    prepare: batch,
    async build(imageSize) {
      const step = await compiler.buildTrainStep(config, { imageSize, classes })
      return {
        ...step,
        async run({ images, labels }, place) {
          const { loss, correct, gradientNorm } = await step.run({ images, labels, ...place })
          return { metrics: { loss, accuracy: correct / batchSize }, gradientNorm }
        },
      }
    },
    evaluate:
      validation &&
      (async (state, signal) => {
        const shapes = { batch: batchSize, imageSize: set.height, classes }
        const predictor = await compiler.buildPredictor(config, state, shapes)
        const metrics = await evaluate(predictor, validation, { batchSize, signal }).finally(() =>
          predictor.close(),
        )
        if (metrics === null) return null
        const { loss, top1, top5, images } = metrics
        return { loss, top1, top5, images }
      }),
    close: async () => {},
  }
}
