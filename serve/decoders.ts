/**
 * The pool of decoder processes. Images go through one of two lanes: quick, or slow (large, or in a costly form). Of
 * the slow ones, one is decoded at a time and few may wait. So the memory of all decoding is bounded, and ordinary
 * images do not wait for the largest.
 */
import { Decoder, DecoderEnded, type DecoderResult } from './decoder.js'
import type { DecoderRequest } from './decoder-process.js'
import type { DecodedImage, DecodeOptions } from './image.js'
import { overloaded, Problem } from './problem.js'

export interface DecodersOptions {
  /** Processes, 2 or more: one for slow images, the others for quick ones. They are started when needed. */
  processes: number
  /** An image that takes longer to decode, in seconds, is refused and its process ended. */
  timeout: number
  /** Receives one sentence whenever a process ends unexpectedly. */
  onWarning: (message: string) => void
}

export interface Decoded extends DecodedImage {
  /** True for an image of the slow lane. */
  slow: boolean
}

interface Lane {
  waiting: Job[]
  /** Images that are being decoded, and their maximum. */
  running: number
  readonly maxRunning: number
}

interface Job {
  request: DecoderRequest
  signal: AbortSignal
  /** Whether a process ended while it decoded the image, of itself or from outside. */
  lost: boolean
  resolve(result: DecoderResult & { slow: boolean }): void
  reject(error: Error): void
}

/** In pixels of an ordinary image: a photo of 12 megapixels, as most phones take them, is quick. */
const QUICK_WORK = 12_600_000
/** An image of the quick lane that takes longer, in ms, starts again in the slow lane. */
const QUICK_TIMEOUT = 2_000
/** Slow images that may wait. */
const SLOW_QUEUE = 8
/** A process that holds more than this, in bytes, after an image is replaced: three times what it starts with. */
const RECYCLE_BYTES = 192 * 2 ** 20

export class Decoders {
  readonly #options: DecodersOptions
  readonly #quick: Lane
  readonly #slow: Lane = { waiting: [], running: 0, maxRunning: 1 }
  readonly #all = new Set<Decoder>()
  readonly #idle: Decoder[] = []
  #closed = false

  private constructor(options: DecodersOptions) {
    this.#options = options
    this.#quick = { waiting: [], running: 0, maxRunning: options.processes - 1 }
  }

  /** Starts the first process. @throws DecoderEnded when it cannot be started */
  static async start(options: DecodersOptions): Promise<Decoders> {
    const decoders = new Decoders(options)
    decoders.#idle.push(await decoders.#add())
    return decoders
  }

  /**
   * Decodes an image and fits it to a model's input, as `decodeImage` does.
   *
   * @throws Problem as `decodeImage` does; 413 for an image that takes too long, 503 when too many slow ones wait
   *   already; the signal's reason once it is aborted
   */
  async decode(bytes: Uint8Array, options: DecodeOptions, signal: AbortSignal): Promise<Decoded> {
    const result = await this.#submit({ kind: 'pixels', bytes, options, maxWork: QUICK_WORK }, false, signal)
    if (result.kind !== 'pixels') throw new Error(`A decoder answered pixels with "${result.kind}".`)
    return { ...result.image, slow: result.slow }
  }

  /** Draws an SVG over an image that was decoded before. @throws as `decode` does */
  async draw(
    bytes: Uint8Array,
    { overlay, slow, maxPixels }: { overlay: string; slow: boolean; maxPixels: number },
    signal: AbortSignal,
  ): Promise<Buffer> {
    const result = await this.#submit({ kind: 'draw', bytes, overlay, maxPixels }, slow, signal)
    if (result.kind !== 'drawn') throw new Error(`A decoder answered a drawing with "${result.kind}".`)
    return Buffer.from(result.png.buffer, result.png.byteOffset, result.png.byteLength)
  }

  /** Ends all processes, also in the middle of an image. */
  async close(): Promise<void> {
    this.#closed = true
    for (const lane of [this.#quick, this.#slow])
      for (const job of lane.waiting.splice(0)) job.reject(overloaded('The server is closing.'))
    const all = [...this.#all]
    for (const decoder of all) decoder.kill()
    await Promise.all(all.map(({ ended }) => ended))
  }

  #submit(
    request: DecoderRequest,
    slow: boolean,
    signal: AbortSignal,
  ): Promise<DecoderResult & { slow: boolean }> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const job: Job = { request, signal, lost: false, resolve, reject }
      signal.addEventListener(
        'abort',
        () => {
          for (const { waiting } of [this.#quick, this.#slow]) {
            const index = waiting.indexOf(job)
            if (index >= 0) waiting.splice(index, 1)
          }
          reject(signal.reason)
        },
        { once: true },
      )
      if (slow) this.#enterSlow(job)
      else this.#enter(this.#quick, job)
    })
  }

  #enter(lane: Lane, job: Job): void {
    lane.waiting.push(job)
    this.#dispatch()
  }

  #enterSlow(job: Job): void {
    if (job.signal.aborted) return
    if (this.#slow.waiting.length >= SLOW_QUEUE) {
      job.reject(overloaded('Too many large images are waiting already; try again in a moment.', 5))
      return
    }
    if (job.request.kind === 'pixels') job.request = { ...job.request, maxWork: Number.POSITIVE_INFINITY }
    this.#enter(this.#slow, job)
  }

  #dispatch(): void {
    if (this.#closed) return
    for (const lane of [this.#quick, this.#slow])
      while (lane.running < lane.maxRunning && lane.waiting.length > 0)
        void this.#run(lane, lane.waiting.shift()!)
  }

  async #run(lane: Lane, job: Job): Promise<void> {
    lane.running++
    try {
      const decoder = this.#idle.pop() ?? (await this.#add())
      if (job.signal.aborted) this.#release(decoder)
      else await this.#decode(decoder, lane, job)
    } catch (error) {
      job.reject(error as Error)
    } finally {
      lane.running--
      this.#dispatch()
    }
  }

  /** Decodes one image in one process, which is idle or has ended afterwards. */
  async #decode(decoder: Decoder, lane: Lane, job: Job): Promise<void> {
    const slow = lane === this.#slow
    const timeout = this.#options.timeout * 1000
    let expired = false
    const timer = setTimeout(
      () => {
        expired = true
        decoder.kill()
      },
      slow ? timeout : Math.min(QUICK_TIMEOUT, timeout),
    )
    // A quick image ends soon by itself: waiting costs less than starting another process.
    const onAbort = () => slow && decoder.kill()
    job.signal.addEventListener('abort', onAbort, { once: true })
    try {
      const result = await decoder.run(job.request)
      this.#release(decoder, result.resident)
      if (result.kind === 'tooMuchWork') this.#enterSlow(job)
      else if (result.kind === 'problem') job.reject(new Problem(result.status, result.detail))
      else if (result.kind === 'failed') job.reject(new Error(result.reason))
      else job.resolve({ ...result, slow })
    } catch (error) {
      if (!(error instanceof DecoderEnded)) throw error
      if (job.signal.aborted) return
      if (this.#closed) throw overloaded('The server is closing.')
      if (expired && !slow) this.#enterSlow(job)
      else if (expired)
        throw new Problem(
          413,
          `The image takes longer than ${this.#options.timeout} s to decode; send a smaller one.`,
        )
      else {
        this.#options.onWarning(`A decoder process ended while it decoded an image (${error.message}).`)
        if (job.lost)
          throw new Problem(422, `The image cannot be decoded: two decoders ended (${error.message}).`)
        // The image may not be to blame: a system short of memory ends processes, too.
        job.lost = true
        lane.waiting.unshift(job)
      }
    } finally {
      clearTimeout(timer)
      job.signal.removeEventListener('abort', onAbort)
    }
  }

  async #add(): Promise<Decoder> {
    const decoder = await Decoder.start()
    this.#all.add(decoder)
    void decoder.ended.then(() => {
      this.#all.delete(decoder)
      const index = this.#idle.indexOf(decoder)
      if (index >= 0) this.#idle.splice(index, 1)
    })
    if (this.#closed) decoder.kill()
    return decoder
  }

  /** Takes a process back that has nothing to do. @param resident Memory that it holds, in bytes. */
  #release(decoder: Decoder, resident = 0): void {
    if (this.#closed || resident > RECYCLE_BYTES) decoder.kill()
    if (decoder.isAlive()) this.#idle.push(decoder)
  }
}
