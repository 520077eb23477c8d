/** A served model in a thread of its own: images in, checked outputs out. */
import {
  ModelFileChanged,
  openSession,
  type Session,
  type Signature,
  WorkerEnded,
} from '../src/runtime/session.js'
import { type CardOf, type Outputs, outputReaders, type Task } from './outputs.js'
import { Problem } from './problem.js'

export interface ModelSessionOptions<T extends Task> {
  path: string
  /** SHA-256 of the file that the card was read from, in hexadecimal digits. */
  sha256: string
  card: CardOf<T>
  /** Threads that ONNX Runtime computes one run with. */
  threads: number
}

export interface ModelRun<T extends Task> {
  outputs: Outputs[T]
  milliseconds: number
}

export class ModelSession<T extends Task> {
  private constructor(
    private readonly session: Session,
    private readonly card: CardOf<T>,
  ) {}

  /**
   * Loads the model and computes a probe, so that a bad file shows before the first request.
   *
   * @throws Error with the reason why the model cannot be used
   */
  static async open<T extends Task>(options: ModelSessionOptions<T>): Promise<ModelSession<T>> {
    const { path, sha256, card, threads } = options
    let opened: ModelSession<T> | undefined
    try {
      const session = await openSession(
        { path, sha256 },
        { threads, optimize: true, memoryPattern: true, exclusive: true },
      )
      opened = new ModelSession(session, card)
      requireSignature(session.signature, card)
      await opened.#compute(probeFor(card))
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

  /** True while the session is open and computes nothing. */
  isIdle(): boolean {
    return this.session.isIdle()
  }

  /**
   * Computes one image (uint8, height × width × 3, RGB), which is copied; one at a time.
   *
   * @throws Problem 500 when the model fails or its thread ends
   */
  async run(image: Uint8Array): Promise<ModelRun<T>> {
    try {
      return await this.#compute(image)
    } catch (error) {
      throw error instanceof WorkerEnded
        ? new Problem(500, 'The worker died while it computed this image.')
        : new Problem(500, `The model failed on this image: ${(error as Error).message}`)
    }
  }

  /** Ends the thread, after a run that is under way. */
  async close(): Promise<void> {
    // Where the session cannot be closed in order, its thread has been ended all the same.
    await this.session.close().catch(() => {})
  }

  async #compute(image: Uint8Array): Promise<ModelRun<T>> {
    const { task, inputSize, labels } = this.card
    const shape = [1, ...inputSize, 3]
    // A copy of its own, which is moved to the thread: the image may be part of a larger buffer.
    const images = { type: 'uint8' as const, shape, data: new Uint8Array(image) }
    const { outputs, milliseconds } = await this.session.runTimed({ images })
    return { outputs: outputReaders[task as T].read(outputs, labels.length), milliseconds }
  }
}

function loadError(error: Error): Error {
  // A worker may be started long after the card was read: other weights must not get its labels.
  if (error instanceof ModelFileChanged)
    return new Error(
      'the file has been replaced since its labels were read; start the server again to serve it',
    )
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
