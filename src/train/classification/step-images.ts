/** The images of each step, from memory or from files that are read while the run trains. */
import type { ImageSet } from '../../../datasets/classification/image-set.js'
import type { ImageSource } from '../../../datasets/classification/image-source.js'
import { UserError } from '../../shared/errors.js'
import { type Batch, makeBatches } from '../images/batches.js'
import { balancedWeights, drawMix, mixImages, pairLabels } from '../images/mix.js'
import { isInMemory, type TrainingImages } from '../images/training-images.js'
import { ImageStream, type StreamOptions, streamedSteps } from '../streaming/image-stream.js'
import { hasPairs, type RunConfig } from './config.js'

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
  const pair = pairing(config, images)
  return isInMemory(images) ? inMemory(config, images, pair) : streamed(config, images, options, pair)
}

/** Mixes the batch of a step where the config says so, in place, and gives it its labels in pairs. */
type Pairing = (batch: Batch, place: { step: number; part: number }) => Batch

function pairing(config: RunConfig, { labels, classes }: TrainingImages): Pairing {
  if (!hasPairs(config)) return (batch) => batch
  const weights = config.balance === 'class-weights' ? balancedWeights(labels, classes.length) : undefined
  return (batch, place) => {
    const mix = drawMix(config, batch.imageSize, place)
    if (mix !== null) mixImages(batch.images, batch.imageSize, mix)
    return { ...batch, pairs: pairLabels(batch.labels, mix?.own ?? 1, weights) }
  }
}

function inMemory(config: RunConfig, set: ImageSet, pair: Pairing): StepSource {
  const { stepsPerEpoch, batch: plain } = makeBatches(config, set)
  const batch = (step: number, part = 0): Batch => pair(plain(step, part), { step, part })
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

function streamed(config: RunConfig, source: ImageSource, options: StreamOptions, pair: Pairing): StepSource {
  const { accumulate = 1, balance } = config
  if (balance === 'sampling' && source.shards !== null)
    throw new UserError(
      `The images of ${source.name} are read shard by shard, so that their classes cannot be balanced by sampling; use --balance class-weights`,
    )
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
          const at = { step, part: part++ }
          const batch = at.part === 0 ? first : await open.next()
          if (part === accumulate) done()
          return pair(batch, at)
        },
      }
    },
    async close() {
      await stream?.close()
    },
  }
}
