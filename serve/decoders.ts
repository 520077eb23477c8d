/**
 * The pool of decoder processes. Pictures go through two lanes: quick ones, and slow ones (large, or costly by their
 * form), of which one is decoded at a time and few may wait. So the memory of all decoding is bounded, and whoever
 * sends an ordinary picture does not wait behind the largest.
 */
import { Decoder, DecoderEnded, type DecoderResult } from './decoder.js'
import type { DecoderRequest } from './decoder-process.js'
import type { DecodedImage, DecodeOptions } from './image.js'
import { overloaded, Problem } from './problem.js'

export interface DecodersOptions {
  /** Processes, 2 or more: one for slow pictures, the others for quick ones. They are started when needed. */
  processes: number
  /** A picture that takes longer to decode, in seconds, is given up and its process ended. */
  seconds: number
  /** Receives one sentence whenever a process ends that should not. */
  onWarning: (message: string) => void
}

export interface Decoded extends DecodedImage {
  /** True for a picture of the slow lane. */
  slow: boolean
}

interface Lane {
  waiting: Task[]
  /** Pictures that are decoded now, and how many may be. */
  running: number
  readonly most: number
}

interface Task {
  request: DecoderRequest
  signal: AbortSignal
  resolve(result: DecoderResult & { slow: boolean }): void
  reject(error: Error): void
}

/** In pixels of a plain picture: a photo of 12 megapixels, as most phones take them, is quick. */
const QUICK_WORK = 12_600_000
/** A picture that takes longer, in ms, was no quick one: it starts again in the slow lane. */
const QUICK_MILLISECONDS = 2_000
/** Slow pictures that may wait. */
const SLOW_QUEUE = 8
/** A process that holds more than this, in bytes, after its picture is replaced: three times what it starts with. */
const RECYCLE_BYTES = 192 * 2 ** 20

export class Decoders {
  readonly #options: DecodersOptions
  readonly #quick: Lane
  readonly #slow: Lane = { waiting: [], running: 0, most: 1 }
  readonly #all = new Set<Decoder>()
  readonly #idle: Decoder[] = []
  #closed = false

  private constructor(options: DecodersOptions) {
    this.#options = options
    this.#quick = { waiting: [], running: 0, most: options.processes - 1 }
  }

  /** Starts the first process. @throws DecoderEnded when it cannot be started */
  static async start(options: DecodersOptions): Promise<Decoders> {
    const decoders = new Decoders(options)
    decoders.#idle.push(await decoders.#add())
    return decoders
  }

  /**
   * Decodes a picture and fits it to a model's input, as `decodeImage` does.
   *
   * @throws Problem as `decodeImage` does; 413 for a picture that takes too long, 503 when too many slow ones wait
   *   already; the signal's reason once it is aborted
   */
  async decode(bytes: Uint8Array, options: DecodeOptions, signal: AbortSignal): Promise<Decoded> {
    const result = await this.#do({ kind: 'pixels', bytes, options, mostWork: QUICK_WORK }, false, signal)
    if (result.kind !== 'pixels') throw new Error(`A decoder answered pixels with "${result.kind}".`)
    return { ...result.image, slow: result.slow }
  }

  /** Lays an SVG over a picture that was decoded before. @throws as `decode` does */
  async draw(
    bytes: Uint8Array,
    { overlay, slow, maxPixels }: { overlay: string; slow: boolean; maxPixels: number },
    signal: AbortSignal,
  ): Promise<Buffer> {
    const result = await this.#do({ kind: 'draw', bytes, overlay, maxPixels }, slow, signal)
    if (result.kind !== 'drawn') throw new Error(`A decoder answered a drawing with "${result.kind}".`)
    return Buffer.from(result.png.buffer, result.png.byteOffset, result.png.byteLength)
  }

  /** Ends all processes, also in the middle of a picture. */
  async close(): Promise<void> {
    this.#closed = true
    for (const lane of [this.#quick, this.#slow])
      for (const task of lane.waiting.splice(0)) task.reject(overloaded('The server is closing.'))
    const all = [...this.#all]
    for (const decoder of all) decoder.kill()
    await Promise.all(all.map(({ ended }) => ended))
  }

  #do(
    request: DecoderRequest,
    slow: boolean,
    signal: AbortSignal,
  ): Promise<DecoderResult & { slow: boolean }> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const task: Task = { request, signal, resolve, reject }
      signal.addEventListener(
        'abort',
        () => {
          for (const { waiting } of [this.#quick, this.#slow]) {
            const place = waiting.indexOf(task)
            if (place >= 0) waiting.splice(place, 1)
          }
          reject(signal.reason)
        },
        { once: true },
      )
      if (slow) this.#enterSlow(task)
      else this.#enter(this.#quick, task)
    })
  }

  #enter(lane: Lane, task: Task): void {
    lane.waiting.push(task)
    this.#dispatch()
  }

  #enterSlow(task: Task): void {
    if (task.signal.aborted) return
    if (this.#slow.waiting.length >= SLOW_QUEUE) {
      task.reject(overloaded('Too many large images wait already; try again in a moment.', 5))
      return
    }
    if (task.request.kind === 'pixels') task.request = { ...task.request, mostWork: Number.POSITIVE_INFINITY }
    this.#enter(this.#slow, task)
  }

  #dispatch(): void {
    if (this.#closed) return
    for (const lane of [this.#quick, this.#slow])
      while (lane.running < lane.most && lane.waiting.length > 0) void this.#run(lane, lane.waiting.shift()!)
  }

  async #run(lane: Lane, task: Task): Promise<void> {
    lane.running++
    try {
      const decoder = this.#idle.pop() ?? (await this.#add())
      if (task.signal.aborted) this.#idle.push(decoder)
      else await this.#decode(decoder, lane, task)
    } catch (error) {
      task.reject(error as Error)
    } finally {
      lane.running--
      this.#dispatch()
    }
  }

  /** One picture in one process, which is idle again, or gone, at the end. */
  async #decode(decoder: Decoder, lane: Lane, task: Task): Promise<void> {
    const slow = lane === this.#slow
    const limit = slow
      ? this.#options.seconds * 1000
      : Math.min(QUICK_MILLISECONDS, this.#options.seconds * 1000)
    let expired = false
    const timer = setTimeout(() => {
      expired = true
      decoder.kill()
    }, limit)
    // A quick picture is soon done: its process is worth more than the rest of its time.
    const leave = () => slow && decoder.kill()
    task.signal.addEventListener('abort', leave, { once: true })
    try {
      const result = await decoder.run(task.request)
      this.#giveBack(decoder, result)
      if (result.kind === 'tooMuchWork') this.#enterSlow(task)
      else if (result.kind === 'problem') task.reject(new Problem(result.status, result.detail))
      else if (result.kind === 'failed') task.reject(new Error(result.reason))
      else task.resolve({ ...result, slow })
    } catch (error) {
      if (!(error instanceof DecoderEnded)) throw error
      if (task.signal.aborted) return
      if (this.#closed) throw overloaded('The server is closing.')
      if (expired && !slow) this.#enterSlow(task)
      else if (expired)
        throw new Problem(
          413,
          `The image takes longer than ${this.#options.seconds} s to decode; send a smaller one.`,
        )
      else {
        this.#options.onWarning(`A decoder process ended while it decoded an image (${error.message}).`)
        throw new Problem(422, `The image cannot be decoded: its decoder ended (${error.message}).`)
      }
    } finally {
      clearTimeout(timer)
      task.signal.removeEventListener('abort', leave)
    }
  }

  async #add(): Promise<Decoder> {
    const decoder = await Decoder.start()
    this.#all.add(decoder)
    void decoder.ended.then(() => {
      this.#all.delete(decoder)
      const place = this.#idle.indexOf(decoder)
      if (place >= 0) this.#idle.splice(place, 1)
    })
    if (this.#closed) decoder.kill()
    return decoder
  }

  #giveBack(decoder: Decoder, { resident }: DecoderResult): void {
    if (this.#closed || resident > RECYCLE_BYTES) decoder.kill()
    else this.#idle.push(decoder)
  }
}
