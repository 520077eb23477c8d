/** Trains autoencoders: builds the task for the training loop. */
import type { ImageSet } from '../../../datasets/classification/image-set.js'
import { type Batch, makeBatches } from '../images/batches.js'
import { train } from '../run/loop.js'
import type { LoopConfig, Task, TrainOptions, TrainResult } from '../run/loop-types.js'
import { unsavedRun } from '../run/unsaved-run.js'
import type { StepOptions } from '../step/compiled-step.js'
import type { StateVectors } from '../step/step-types.js'
import type { AutoencoderModel, AutoencoderRunConfig } from './config.js'
import { measureReconstruction } from './evaluate.js'
import { openReconstructor, type Reconstructor } from './export.js'
import type { AutoencoderMetrics } from './metrics.js'
import { type AutoencoderStep, buildAutoencoderStep } from './step.js'

/** Builds the compiled steps and the trained networks of autoencoders. */
export interface AutoencoderCompiler {
  buildStep(config: AutoencoderRunConfig, imageSize: number): Promise<AutoencoderStep>
  openReconstructor(model: AutoencoderModel, state: StateVectors, imageSize: number): Promise<Reconstructor>
}

/** The compiler that runs graphs in worker threads. `threads`: by default all cores. */
export const autoencoderCompiler = (options: Pick<StepOptions, 'threads'> = {}): AutoencoderCompiler => ({
  buildStep: (config, imageSize) => buildAutoencoderStep(config, imageSize, options),
  openReconstructor: (model, state, imageSize) => openReconstructor(model, state, imageSize, options),
})

/**
 * Trains an autoencoder without writing to the disk, and evaluates it on the validation images at the end. Throws as
 * the loop's `train`.
 */
export function trainAutoencoder(
  config: AutoencoderRunConfig,
  data: { train: ImageSet; validation: ImageSet },
  compiler: AutoencoderCompiler,
  options: TrainOptions<AutoencoderMetrics> = {},
): Promise<TrainResult> {
  const run = unsavedRun<LoopConfig>({
    ...config,
    evaluateEvery: Number.POSITIVE_INFINITY,
    checkpoint: { steps: null, seconds: null },
  })
  return train(run, reconstruction(config, data, compiler), options)
}

function reconstruction(
  config: AutoencoderRunConfig,
  { train: set, validation }: { train: ImageSet; validation: ImageSet },
  compiler: AutoencoderCompiler,
): Task<AutoencoderMetrics, Batch> {
  const { batchSize, model } = config
  const { stepsPerEpoch, batch } = makeBatches({ ...config, resolution: [] }, set)
  return {
    stepsPerEpoch,
    imagesPerStep: batchSize,
    prepare: (step) => batch(step),
    async build(imageSize) {
      const step = await compiler.buildStep(config, imageSize)
      return {
        ...step,
        imageSize,
        async run({ images }, place) {
          const { loss, gradientNorm } = await step.run(images, place)
          return { metrics: { loss }, gradientNorm }
        },
      }
    },
    begin: null,
    async evaluate(state, signal) {
      const network = await compiler.openReconstructor(model, state, validation.height)
      return measureReconstruction(network, validation, { batchSize, signal }).finally(() => network.close())
    },
    close: async () => {},
  }
}
