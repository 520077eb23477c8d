/** The images of each step, from memory or from files that are read while the run trains. */
import type { ImageSet } from '../../../datasets/classification/image-set.js'
import type { ImageSource } from '../../../datasets/classification/image-source.js'
import { type Batch, makeBatches } from '../images/batches.js'
import { isInMemory, type TrainingImages } from '../images/training-images.js'
import { ImageStream, type StreamOptions, streamedSteps } from '../streaming/image-stream.js'
import type { RunConfig } from './config.js'

/** The batches of one step, of which the first is there. */
export interface StepImages {
  imageSize: number
  /** The next one, from the first to the last. */
  next(): Batch | Promise<Batch>
}

export interface StepSource {
  stepsPerEpoch: number
  /** The batches of a step. After the first call only the step after is asked for. */
  prepare(step: number): StepImages | Promise<StepImages>
  close(): Promise<void>
}

/** The batches of a run. Throws a `UserError` when there are fewer images than one step takes. */
export function stepSource(config: RunConfig, images: TrainingImages, options: StreamOptions): StepSource {
  return isInMemory(images) ? inMemory(config, images) : streamed(config, images, options)
}

function inMemory(config: RunConfig, set: ImageSet): StepSource {
  const { stepsPerEpoch, batch } = makeBatches(config, set)
  return {
    stepsPerEpoch,
    prepare(step) {
      const first = batch(step)
      let part = 0
      return { imageSize: first.imageSize, next: () => (part++ === 0 ? first : batch(step, part - 1)) }
    },
    close: async () => {},
  }
}

function streamed(config: RunConfig, source: ImageSource, options: StreamOptions): StepSource {
  const { accumulate = 1 } = config
  let stream: ImageStream | undefined
  /** Resolves when all batches of the step that was prepared last are taken: the stream gives them in order. */
  let taken: Promise<void> = Promise.resolve()
  return {
    stepsPerEpoch: streamedSteps(config, source),
    async prepare(step) {
      stream ??= new ImageStream(config, source, step, options)
      const open = stream
      await taken
      const first = await open.next()
      let done!: () => void
      taken = new Promise((resolve) => {
        done = resolve
      })
      let part = 0
      return {
        imageSize: first.imageSize,
        async next() {
          const batch = part++ === 0 ? first : await open.next()
          if (part === accumulate) done()
          return batch
        },
      }
    },
    async close() {
      await stream?.close()
    },
  }
}
