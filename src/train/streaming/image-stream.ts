/**
 * The batches of a run over images that are read while it trains. Threads read, decode and augment the images of the
 * batches that come next; no more of them are in preparation than fit a bound of bytes, so that memory stays flat however
 * many images there are.
 *
 * Which images a batch has is a function of (config, step, part): the order of an epoch is known before anything is read
 * (`images/order.ts`), and the chances of an image are drawn from (seed, epoch, image). So batches depend neither on the
 * number of threads nor on which is faster, and a resumed run gets the batches of one that was never stopped.
 */
import type { ImageSource } from '../../../datasets/classification/image-source.js'
import { UserError } from '../../shared/errors.js'
import { assertTrainable, type Batch, type BatchConfig } from '../images/batches.js'
import { imageSizeAt } from '../images/image-size.js'
import { batchPlace, sourceOrder, stepsInEpoch } from '../images/order.js'
import { sideOf } from '../images/training-images.js'
import { SHUFFLE_BUFFER } from '../settings/config.js'
import { Decoders, defaultWorkers, type StartDecoder } from './decoders.js'
import { makePixelCache } from './pixel-cache.js'
import { reducedBytes } from './reduced-side.js'
import { GIVE_UP, giveUpError, type Unreadable, unreadableError } from './unreadable.js'

/** Batches in preparation, at most, and the bytes that they may take together, where that is more than one. */
const MOST_SLOTS = 4
const SLOT_BYTES = 2 ** 29
/** Default size of the cache of decoded images, in bytes. */
const CACHE_BYTES = 2 ** 30

export interface StreamOptions {
  /** Threads that prepare images; by default half of the cores. */
  workers?: number
  /**
   * Bytes of decoded images that are kept in memory for the next epoch, by default 1 GiB; 0: none. The augmentation
   * `inception` decodes another part of an image each time and keeps none.
   */
  cacheBytes?: number
  /** Called for each image that is skipped: once for a training image, in each evaluation for a validation image. */
  onUnreadable?: (unreadable: Unreadable) => void
}

/** Full steps in an epoch of a source. Throws as {@link assertTrainable}. */
export function streamedSteps(config: BatchConfig, source: ImageSource): number {
  assertTrainable(config, source, sideOf(source, config.data))
  return stepsInEpoch(source.count, { batchSize: config.batchSize, accumulate: config.accumulate ?? 1 })
}

/** How many batches of so many bytes are in preparation at a time. */
export const preparedBatches = (bytes: number): number =>
  Math.max(1, Math.min(MOST_SLOTS, Math.floor(SLOT_BYTES / bytes)))

/** A batch in preparation. */
interface Slot {
  imageSize: number
  labels: Int32Array
  /** Images that are not there yet. */
  missing: number
  ready: Promise<void>
  resolve: () => void
  reject: (error: Error) => void
}

/** Batches in the order of training, from the first one of a step on. */
export class ImageStream {
  readonly stepsPerEpoch: number
  /** Images that cannot be read, by index. */
  readonly unreadable = new Map<number, Unreadable>()
  readonly #config: BatchConfig
  readonly #source: ImageSource
  readonly #sizes: { batchSize: number; accumulate: number }
  readonly #side: number
  readonly #memory: Float32Array[]
  readonly #decoders: Decoders
  readonly #onUnreadable: (unreadable: Unreadable) => void
  /** The batches in preparation, by number: step × accumulate + part. */
  readonly #slots = new Map<number, Slot>()
  /** The orders of the newest epochs. */
  readonly #orders = new Map<number, Uint32Array>()
  /** The number of the batch that is taken next, and of the next one to prepare. */
  #next: number
  #begun: number
  #failure: Error | null = null

  /**
   * @param step the step whose batches come first
   * @param options `startDecoder`: starts a thread, by default one that prepares images
   * @throws UserError as {@link assertTrainable}
   */
  constructor(
    config: BatchConfig,
    source: ImageSource,
    step: number,
    {
      workers = defaultWorkers(),
      cacheBytes = CACHE_BYTES,
      onUnreadable = () => {},
      startDecoder,
    }: StreamOptions & { startDecoder?: StartDecoder },
  ) {
    this.#config = config
    this.#source = source
    this.#sizes = { batchSize: config.batchSize, accumulate: config.accumulate ?? 1 }
    this.stepsPerEpoch = streamedSteps(config, source)
    this.#side = sideOf(source, config.data)
    this.#onUnreadable = onUnreadable
    this.#next = this.#begun = step * this.#sizes.accumulate
    const pixels = this.#side * this.#side * 3
    const bytes = config.batchSize * pixels * Float32Array.BYTES_PER_ELEMENT
    const slots = Array.from({ length: preparedBatches(bytes) }, () => new SharedArrayBuffer(bytes))
    this.#memory = slots.map((slot) => new Float32Array(slot))
    const kept = keptBytes(config, this.#side)
    const cache = kept === null ? null : makePixelCache(source.count, kept, cacheBytes)
    const { augmentation, seed } = config
    this.#decoders = new Decoders(
      { config: { augmentation, seed }, side: this.#side, slots, cache },
      { workers, start: startDecoder, onFailure: (reason) => this.#stop(threadEnded(reason)) },
    )
    this.#fill()
  }

  /** Batches in preparation, those that are ready included. */
  get inPreparation(): number {
    return this.#slots.size
  }

  /**
   * The next batch. Calls must not overlap.
   *
   * @throws UserError when an image of it cannot be read and the config does not skip such images, or a thread ended
   */
  async next(): Promise<Batch> {
    if (this.#failure !== null) throw this.#failure
    const slot = this.#slots.get(this.#next)!
    await slot.ready
    const { imageSize, labels } = slot
    const floats = this.#sizes.batchSize * imageSize * imageSize * 3
    // A copy, because a step takes over the buffer of its images, which no thread can share then.
    const images = this.#memory[this.#next % this.#memory.length].slice(0, floats)
    this.#slots.delete(this.#next)
    this.#next++
    this.#fill()
    return { images, labels, imageSize }
  }

  /** Ends the threads. A batch that is waited for never comes then. */
  async close(): Promise<void> {
    this.#failure ??= new Error('the stream of images is closed')
    await this.#decoders.close()
  }

  /** Begins to prepare as many batches as there is memory for. */
  #fill(): void {
    while (this.#failure === null && this.#begun < this.#next + this.#memory.length)
      this.#begin(this.#begun++)
  }

  #begin(number: number): void {
    const { batchSize, accumulate } = this.#sizes
    const step = Math.floor(number / accumulate)
    const { stepsPerEpoch } = this
    const { epoch, first } = batchPlace({ step, part: number % accumulate, stepsPerEpoch }, this.#sizes)
    const { promise, resolve, reject } = withResolvers()
    const slot: Slot = {
      imageSize: imageSizeAt(this.#config, epoch, this.#side),
      labels: new Int32Array(batchSize),
      missing: batchSize,
      ready: promise,
      resolve,
      reject,
    }
    // Whether it fails is noticed when it is taken.
    slot.ready.catch(() => {})
    this.#slots.set(number, slot)
    const order = this.#orderOf(epoch)
    for (let i = 0; i < batchSize; i++)
      this.#prepare({ slot, number, step, epoch, order, at: first + i, index: i, tried: 0 })
  }

  /** Prepares the image at a place of the order, or the first one after it that can be read. */
  #prepare(wanted: Wanted): void {
    const { slot, number, epoch, order, at, index, tried } = wanted
    const { count } = this.#source
    const drawn = order[(at + tried) % count]
    const image = drawn % count
    const known = this.unreadable.get(image)
    if (known !== undefined) {
      this.#replace(wanted, known)
      return
    }
    slot.labels[index] = this.#source.labels[image]
    const { imageSize: size } = slot
    const task = {
      place: this.#source.place(image),
      ...{
        image: drawn,
        index: image,
        epoch,
        size,
        slot: number % this.#memory.length,
        offset: index * size * size * 3,
      },
    }
    const done = (reason: string | null): void => {
      if (reason === null) {
        if (--slot.missing === 0) slot.resolve()
        return
      }
      const unreadable = { title: task.place.title, reason }
      if (!this.unreadable.has(image)) {
        this.unreadable.set(image, unreadable)
        if (this.#config.data.skipUnreadable) this.#onUnreadable(unreadable)
      }
      this.#replace(wanted, unreadable)
    }
    if (tried === 0) this.#decoders.add(task, done)
    else this.#decoders.addFirst(task, done)
  }

  #replace(wanted: Wanted, unreadable: Unreadable): void {
    const { slot, step } = wanted
    const tried = wanted.tried + 1
    if (!this.#config.data.skipUnreadable) slot.reject(unreadableError(unreadable, step + 1))
    else if (tried >= Math.min(GIVE_UP, this.#source.count))
      slot.reject(giveUpError(this.#source.name, unreadable, tried))
    else this.#prepare({ ...wanted, tried })
  }

  #orderOf(epoch: number): Uint32Array {
    const known = this.#orders.get(epoch)
    if (known !== undefined) return known
    const { seed, data } = this.#config
    const order = sourceOrder(this.#source, {
      balanced: this.#config.balance === 'sampling',
      seed,
      epoch,
      shuffleBuffer: data.shuffleBuffer ?? SHUFFLE_BUFFER,
    })
    this.#orders.set(epoch, order)
    // Batches are begun in order, so that only the newest epoch is asked for again.
    for (const old of this.#orders.keys()) if (old < epoch) this.#orders.delete(old)
    return order
  }

  #stop(error: Error): void {
    this.#failure = error
    for (const slot of this.#slots.values()) slot.reject(error)
  }
}

/** Bytes of an image that is kept for the next epoch; null: none is. */
function keptBytes({ augmentation }: BatchConfig, side: number): number | null {
  if (augmentation.kind === 'inception') return null
  return augmentation.kind === 'random-resized-crop' ? reducedBytes(side) : side * side * 3
}

/** An image that a batch needs. */
interface Wanted {
  slot: Slot
  number: number
  step: number
  epoch: number
  order: Uint32Array
  /** Its place in the order. */
  at: number
  /** Its place in the batch. */
  index: number
  /** How many images from that place on cannot be read. */
  tried: number
}

const threadEnded = (reason: string): UserError =>
  new UserError(
    `A thread that prepares the training images ended (${reason}); fewer --workers need less memory`,
  )

function withResolvers(): Pick<Slot, 'resolve' | 'reject'> & { promise: Promise<void> } {
  let resolve!: () => void
  let reject!: (error: Error) => void
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
