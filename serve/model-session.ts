/** A served model in a thread of its own: images in, checked outputs out. */
import {
  ModelFileChanged,
  openSession,
  type Session,
  type Signature,
  type Tensors,
  WorkerEnded,
} from '../src/runtime/session.js'
import { type CardOf, type Outputs, outputReaders, splitBatch, type Task } from './outputs.js'

export interface ModelSessionOptions<T extends Task> {
  path: string
  /** SHA-256 of the file that the card was read from, in hexadecimal digits. */
  sha256: string
  card: CardOf<T>
  /** Threads that ONNX Runtime computes one run with. */
  threads: number
  /** Whether runs of several images are wanted. */
  batches: boolean
}

export interface ModelRun<T extends Task> {
  /** For each image its outputs, or why they are not what the card implies. */
  outputs: (Outputs[T] | Error)[]
  milliseconds: number
}

/** Between an image's outputs alone and in a batch: other sizes of matrices round otherwise. */
const TOLERANCE = 1e-3

export class ModelSession<T extends Task> {
  #takesBatches = false
  #batchFailure: string | undefined

  private constructor(
    private readonly session: Session,
    private readonly card: CardOf<T>,
  ) {}

  /**
   * Loads the model and computes probes, so that a bad file shows before the first request, which finds the session
   * warm.
   *
   * @throws Error with the reason why the model cannot be used
   */
  static async open<T extends Task>(options: ModelSessionOptions<T>): Promise<ModelSession<T>> {
    const { path, sha256, card, threads, batches } = options
    let opened: ModelSession<T> | undefined
    try {
      const session = await openSession(
        { path, sha256 },
        // Other sessions and the decoders need the cores that a spinning thread would hold.
        { threads, optimize: true, memoryPattern: true, exclusive: true, spinning: false },
      )
      opened = new ModelSession(session, card)
      requireSignature(session.signature, card)
      await opened.#probe(batches)
      return opened
    } catch (error) {
      await opened?.close()
      throw loadError(error as Error)
    }
  }

  /** Resolves with the reason when the thread has ended, on request or not. */
  get ended(): Promise<string> {
    return this.session.ended
  }

  /** Whether a run may have several images. */
  get takesBatches(): boolean {
    return this.#takesBatches
  }

  /** Why a graph that accepts several images gets one at a time; undefined where it does not, or takes batches. */
  get batchFailure(): string | undefined {
    return this.#batchFailure
  }

  /** True while the session is open and computes nothing. */
  isIdle(): boolean {
    return this.session.isIdle()
  }

  /**
   * Computes images (uint8, height × width × 3, RGB), which are copied; one run at a time.
   *
   * @throws WorkerEnded when the thread ends before it has answered, or Error when the model fails
   */
  async run(images: readonly Uint8Array[]): Promise<ModelRun<T>> {
    const { outputs, milliseconds } = await this.#compute(images)
    return { outputs: outputs.map((each) => this.#read(each)), milliseconds }
  }

  /** Ends the thread, after a run that is under way. */
  async close(): Promise<void> {
    // Where the session cannot be closed in order, its thread has been ended all the same.
    await this.session.close().catch(() => {})
  }

  async #compute(
    images: readonly Uint8Array[],
  ): Promise<{ outputs: Tensors[]; names: readonly string[]; milliseconds: number }> {
    const { task, inputSize } = this.card
    const shape = [images.length, ...inputSize, 3]
    // A copy of its own, which is moved to the thread: an image may be part of a larger buffer.
    const data = new Uint8Array(shape.reduce((product, side) => product * side))
    for (const [index, image] of images.entries()) data.set(image, index * image.length)
    const { outputs, milliseconds } = await this.session.runTimed({
      images: { type: 'uint8', shape, data },
    })
    const { names } = outputReaders[task]
    return { outputs: splitBatch(outputs, names, images.length), names, milliseconds }
  }

  #read(tensors: Tensors): Outputs[T] | Error {
    const { task, labels } = this.card
    try {
      return outputReaders[task as T].read(tensors, labels.length)
    } catch (error) {
      return error as Error
    }
  }

  /** Computes a probe alone and, where batches are possible, with another one: nothing may depend on the neighbours. */
  async #probe(batches: boolean): Promise<void> {
    const probe = probeFor(this.card)
    const { outputs } = await this.#compute([probe])
    const answer = this.#read(outputs[0])
    if (answer instanceof Error) throw answer
    const [side] = this.session.signature.inputs[0].shape
    if (!batches || (typeof side === 'number' && side >= 0)) return
    try {
      const gradient = probe.map((_, index) => index & 7)
      const alone = [outputs[0], (await this.#compute([gradient])).outputs[0]]
      const together = await this.#compute([probe, gradient])
      for (const [index, tensors] of together.outputs.entries())
        for (const name of together.names) requireEqual(name, tensors[name], alone[index][name])
      this.#takesBatches = true
    } catch (error) {
      if (error instanceof WorkerEnded) throw error
      this.#batchFailure = (error as Error).message
    }
  }
}

/** @throws Error when an output of an image in a batch is not that of the image alone */
function requireEqual(name: string, found: Tensors[string], wanted: Tensors[string]): void {
  const isEqual =
    found.shape.join() === wanted.shape.join() &&
    found.data.every((value, index) => {
      const expected = wanted.data[index]
      return Math.abs(value - expected) <= TOLERANCE * Math.max(1, Math.abs(expected))
    })
  if (!isEqual) throw new Error(`its output "${name}" for an image depends on the other images of a batch`)
}

function loadError(error: Error): Error {
  // A worker may be started long after the card was read: other weights must not get its labels.
  if (error instanceof ModelFileChanged)
    return new Error('the file has been replaced since its labels were read; reload the models to serve it')
  if (error instanceof WorkerEnded) return new Error(`its worker died while loading (${error.reason})`)
  return error
}

/** An image to try the model on. */
function probeFor({ task, inputSize }: CardOf<Task>): Uint8Array {
  const image = new Uint8Array(inputSize[0] * inputSize[1] * 3)
  // A detector may find nothing in a black image, and then its outputs hold no class that could be wrong. These bytes
  // have no pattern, and are the same at each start (Knuth's multiplicative hash).
  return task === 'detection' ? image.map((_, index) => Math.imul(index, 2654435761) >>> 24) : image
}

/** @throws Error when the model's inputs and outputs are not those that its card implies */
function requireSignature({ inputs, outputs }: Signature, { task, inputSize }: CardOf<Task>): void {
  const expected = outputReaders[task].names
  const names = outputs.map(({ name }) => name)
  if (inputs.map(({ name }) => name).join() !== 'images' || !expected.every((name) => names.includes(name)))
    throw new Error(
      `it takes ${quoted(inputs.map(({ name }) => name))} and returns ${quoted(names)}, ` +
        `not "images" and ${quoted(expected)} as a model for ${task} does`,
    )
  const [{ type, shape }] = inputs
  const wanted = [1, ...inputSize, 3]
  const fits =
    type === 'uint8' &&
    shape.length === 4 &&
    shape.every((side, axis) => typeof side !== 'number' || side < 0 || side === wanted[axis])
  if (!fits)
    throw new Error(
      `it takes ${type === undefined ? 'no tensor' : `${type} [${shape.join(', ')}]`}, ` +
        `not uint8 [${wanted.join(', ')}] as its card says`,
    )
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}
