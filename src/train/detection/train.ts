/** Training detectors: the task that the loop is given. */
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { type Task, type TaskStep, type TrainOptions, type TrainResult, train } from '../run/loop.js'
import type { Run } from '../run/run-folder.js'
import type { StateVectors } from '../step/step-types.js'
import { applyBackbone, type BackboneWeights } from './backbone.js'
import { type DetectionStepBatch, makeDetectionBatches } from './batches.js'
import type { DetectorRunConfig } from './config.js'
import { evaluateDetector } from './evaluate.js'
import { assertLearnable } from './learnable.js'
import { type DetectorMetrics, metricsOf } from './metrics.js'
import type { Detector, DetectorStep } from './step-types.js'

/** What detectors need built: compiled steps, and detectors to measure. */
export interface DetectorCompiler {
  buildDetectorStep(
    config: DetectorRunConfig,
    shapes: { imageSize: [number, number]; classes: number },
  ): Promise<DetectorStep>
  buildDetector(config: DetectorRunConfig, state: StateVectors): Promise<Detector>
}

export interface DetectorTrainingData {
  train: DetectionSet
  /** Measured while training; null: nothing is. */
  validation: DetectionSet | null
}

export interface TrainDetectorOptions extends TrainOptions<DetectorMetrics> {
  /** Told once of each thing in the data that is left out. */
  warn?: (text: string) => void
  /** Hears how many tensors of the backbone a new run begins with. */
  onBackbone?: (tensors: number) => void
  /** Hears how many validation images are done. */
  onImage?: (done: number, count: number) => void
}

/**
 * Trains a detector's run to its end, from its checkpoint if it has one, otherwise from the weights of a backbone
 * (null: from random ones). Throws as {@link train} does, and as {@link assertLearnable} before anything is compiled.
 */
export function trainDetector(
  run: Run<DetectorRunConfig>,
  data: DetectorTrainingData,
  backbone: BackboneWeights | null,
  compiler: DetectorCompiler,
  options: TrainDetectorOptions = {},
): Promise<TrainResult> {
  return train(run, detection(run.config, data, backbone, compiler, options), options)
}

type DetectionStep = TaskStep<DetectorMetrics, DetectionStepBatch>

function detection(
  config: DetectorRunConfig,
  { train: set, validation }: DetectorTrainingData,
  backbone: BackboneWeights | null,
  compiler: DetectorCompiler,
  { warn, onBackbone, onImage }: TrainDetectorOptions,
): Task<DetectorMetrics, DetectionStepBatch> {
  assertLearnable(config, set)
  const { stepsPerEpoch, batch } = makeDetectionBatches(config, set, { warn })
  // Sizes come again and again under multi-scale training: what is compiled for one waits for its next turn.
  const compiled = new Map<string, DetectorStep>()

  async function build(imageSize: [number, number]): Promise<DetectionStep> {
    const key = String(imageSize)
    const shapes = { imageSize, classes: set.categories.length }
    const step = compiled.get(key) ?? (await compiler.buildDetectorStep(config, shapes))
    compiled.set(key, step)
    return {
      layout: step.layout,
      imageSize,
      async run({ batches }, place) {
        const { gradientNorm, ...metrics } = await step.run({ batches, ...place })
        return { metrics, gradientNorm }
      },
      state: () => step.state(),
      load: (state) => step.load(state),
      close: async () => {},
    }
  }

  return {
    stepsPerEpoch,
    imagesPerStep: config.batchSize * config.accumulate,
    prepare: batch,
    build,
    begin:
      backbone &&
      ((layout, state) => {
        const tensors = applyBackbone(layout, state, backbone)
        onBackbone?.(tensors)
        return state
      }),
    evaluate:
      validation &&
      (async (state, signal) => {
        const detector = await compiler.buildDetector(config, state)
        const count = validation.images.length
        const measured = await evaluateDetector(detector, config, validation, {
          signal,
          onImage: (done) => onImage?.(done, count),
        }).finally(() => detector.close())
        return measured && metricsOf(measured)
      }),
    async close() {
      for (const step of compiled.values()) await step.close()
    },
  }
}
