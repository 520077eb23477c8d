/**
 * The thread that holds a model's ONNX Runtime session. `session.run` blocks the thread it is called on for as
 * long as the model computes, so it is called here and never on the thread that answers HTTP.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { type Outputs, outputReaders, type Task } from './outputs.js'

export interface WorkerSettings<T extends Task = Task> {
  path: string
  /** SHA-256 of the file that the model's card was read from, in hexadecimal digits. */
  sha256: string
  /** Threads that ONNX Runtime computes one run with. */
  threads: number
  task: T
  /** [height, width] of the `images` input. */
  inputSize: [number, number]
  /** How many labels the model's card has. */
  classes: number
}

/** One image of height × width × 3 bytes; or the wish to end. */
export type WorkerRequest = { kind: 'run'; image: Uint8Array } | { kind: 'close' }

export type WorkerReply<T extends Task = Task> =
  | { kind: 'ready' }
  | { kind: 'unusable'; reason: string }
  | { kind: 'answer'; outputs: Outputs[T]; milliseconds: number }
  | { kind: 'failed'; reason: string }

const port = parentPort!
const { path, sha256, threads, task, inputSize, classes } = workerData as WorkerSettings
const reader = outputReaders[task]

function reply(message: WorkerReply): void {
  port.postMessage(message)
}

async function run(session: InferenceSession, image: Uint8Array): Promise<WorkerReply> {
  const start = performance.now()
  const tensors = await session.run({ images: new Tensor('uint8', image, [1, ...inputSize, 3]) })
  const milliseconds = performance.now() - start
  return { kind: 'answer', outputs: reader.read(tensors, classes), milliseconds }
}

/** Loads the model and computes a probe: what is wrong with the file shows before anybody waits. */
async function load(): Promise<InferenceSession> {
  const bytes = await readFile(path)
  // A worker may be started long after its card was read: other weights must not get these labels.
  if (createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw new Error(
      'the file has been replaced since its labels were read; start the server again to serve it',
    )
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  })
  requireSignature(session)
  const black = new Uint8Array(inputSize[0] * inputSize[1] * 3)
  // Where nothing is to be seen a detector may find nothing, and then answers no class that could be wrong.
  await run(session, task === 'detection' ? black.map(scramble) : black)
  return session
}

/** Bytes without a pattern, the same at each start (Knuth's multiplicative hash). */
function scramble(_: number, index: number): number {
  return Math.imul(index, 2654435761) >>> 24
}

/** @throws Error when the model takes or gives something else than its card says */
function requireSignature({ inputNames, outputNames, inputMetadata }: InferenceSession): void {
  const [input] = inputMetadata
  if (inputNames.join() !== 'images' || !reader.names.every((name) => outputNames.includes(name)))
    throw new Error(
      `it takes ${quoted(inputNames)} and gives ${quoted(outputNames)}, ` +
        `not "images" and ${quoted(reader.names)} as a model for ${task} does`,
    )
  const wanted = [1, ...inputSize, 3]
  const fits =
    input.isTensor &&
    input.type === 'uint8' &&
    input.shape.length === 4 &&
    input.shape.every((side, axis) => typeof side !== 'number' || side < 0 || side === wanted[axis])
  if (!fits)
    throw new Error(
      `it takes ${input.isTensor ? `${input.type} [${input.shape.join(', ')}]` : 'no tensor'}, ` +
        `not uint8 [${wanted.join(', ')}] as its card says`,
    )
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}

async function main(): Promise<void> {
  let session: InferenceSession
  try {
    session = await load()
  } catch (error) {
    reply({ kind: 'unusable', reason: (error as Error).message })
    return
  }
  reply({ kind: 'ready' })
  // One message at a time, so that a wish to end is heard after the run before it.
  let turn = Promise.resolve()
  port.on('message', (request: WorkerRequest) => {
    turn = turn.then(async () => {
      if (request.kind === 'close') {
        await session.release()
        port.close()
        return
      }
      reply(
        await run(session, request.image).catch((error: Error) => ({
          kind: 'failed' as const,
          reason: error.message,
        })),
      )
    })
  })
}

await main()
