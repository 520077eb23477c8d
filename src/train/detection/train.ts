/** Trains detectors: builds the task for the training loop. */
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { train } from '../run/loop.js'
import type { Task, TaskStep, TrainOptions, TrainResult } from '../run/loop-types.js'
import type { Run } from '../run/run-folder.js'
import { progressAt } from '../step/schedules.js'
import type { StateVectors } from '../step/step-types.js'
import { applyBackbone, type BackboneWeights } from './backbone.js'
import { type DetectionStepBatch, makeDetectionBatches } from './batches.js'
import { checkImages } from './check-images.js'
import type { DetectorRunConfig } from './config.js'
import { type EvaluationOptions, evaluateDetector } from './evaluate.js'
import { type AppliedDetectorWeights, applyDetectorWeights, type DetectorWeights } from './initial-weights.js'
import { assertLearnable } from './learnable.js'
import { hopelessNote } from './low-result.js'
import { type DetectorMetrics, metricsOf } from './metrics.js'
import type { Detector, DetectorStep } from './step-types.js'

/** Builds the compiled steps and the trained detectors. */
export interface DetectorCompiler {
  buildDetectorStep(
    config: DetectorRunConfig,
    shapes: { imageSize: [number, number]; classes: number },
  ): Promise<DetectorStep>
  buildDetector(config: DetectorRunConfig, state: StateVectors): Promise<Detector>
}

export interface DetectorTrainingData {
  train: DetectionSet
  /** Images to evaluate on while training; null: none. */
  validation: DetectionSet | null
}

export interface TrainDetectorOptions extends TrainOptions<DetectorMetrics> {
  /** Called once for each part of the data that is left out. */
  warn?: (text: string) => void
  /** Called with the number of tensors that a new run takes from the backbone. */
  onBackbone?: (tensors: number) => void
  /** Called with what a new run takes from another detector. */
  onDetector?: (applied: AppliedDetectorWeights) => void
  /** Called with the number of validation images that are finished. */
  onImage?: (done: number, count: number) => void
}

/**
 * Trains the run of a detector to its end, starting from its checkpoint if it has one, otherwise from the weights of a
 * backbone or of another detector (null: from random weights). Throws as {@link train}, and as {@link assertLearnable} before anything is compiled.
 */
export function trainDetector(
  run: Run<DetectorRunConfig>,
  data: DetectorTrainingData,
  weights: BackboneWeights | DetectorWeights | null,
  compiler: DetectorCompiler,
  options: TrainDetectorOptions = {},
): Promise<TrainResult> {
  const { warn, onCheck } = options
  const { config } = run
  let hasAdvised = false
  return train(run, detection(config, data, weights, compiler, options), {
    ...options,
    onCheck(row) {
      onCheck?.(row)
      const progress = progressAt(config.length, { ...row, stepsPerEpoch: row.step / row.epoch })
      const advice = hopelessNote(row, progress, config, data.train)
      if (advice !== undefined && !hasAdvised) warn?.(advice)
      hasAdvised ||= advice !== undefined
    },
  })
}

type DetectionStep = TaskStep<DetectorMetrics, DetectionStepBatch>

function detection(
  config: DetectorRunConfig,
  { train: set, validation }: DetectorTrainingData,
  weights: BackboneWeights | DetectorWeights | null,
  compiler: DetectorCompiler,
  { warn, onBackbone, onDetector, onImage }: TrainDetectorOptions,
): Task<DetectorMetrics, DetectionStepBatch> {
  assertLearnable(config, set)
  const { stepsPerEpoch, batch } = makeDetectionBatches(config, set, { warn })
  // Multi-scale training returns to the same sizes, so the compiled steps are kept.
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

  const fewImages = validation && checkImages(validation)

  async function measure(on: DetectionSet, state: StateVectors, options: EvaluationOptions) {
    const detector = await compiler.buildDetector(config, state)
    const measured = await evaluateDetector(detector, config, on, options).finally(() => detector.close())
    return measured && metricsOf(measured)
  }

  return {
    stepsPerEpoch,
    imagesPerStep: config.batchSize * config.accumulate,
    prepare: batch,
    build,
    begin:
      weights &&
      ((layout, state) => {
        if ('categories' in weights) {
          const applied = applyDetectorWeights(
            layout,
            state,
            weights,
            set.categories,
            config.detector.roiHeads,
          )
          onDetector?.(applied)
        } else {
          const tensors = applyBackbone(layout, state, weights)
          onBackbone?.(tensors)
        }
        return state
      }),
    evaluate:
      validation &&
      ((state, signal) =>
        measure(validation, state, {
          signal,
          onImage: (done) => onImage?.(done, validation.images.length),
        })),
    check: fewImages && {
      images: fewImages.images.length,
      evaluate: (state, signal) => measure(fewImages, state, { signal }),
    },
    score: ({ ap }) => ap,
    async close() {
      for (const step of compiled.values()) await step.close()
    },
  }
}
