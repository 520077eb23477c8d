/**
 * The thread that holds a model's ONNX Runtime session. `session.run` blocks the thread it is called on for as
 * long as the model computes, so it is called here and never on the thread that answers HTTP.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor } from 'onnxruntime-node'

export interface WorkerSettings {
  path: string
  /** Threads that ONNX Runtime computes one run with. */
  threads: number
  /** [height, width] of the `images` input. */
  inputSize: [number, number]
  classes: number
}

/** `count` images of height × width × 3 bytes each, one behind the other; or the wish to end. */
export type WorkerRequest = { kind: 'run'; images: Uint8Array; count: number } | { kind: 'close' }

export type WorkerReply =
  | { kind: 'ready' }
  | { kind: 'unusable'; reason: string }
  /** `count` × classes probabilities, in the order of the images. */
  | { kind: 'answer'; probabilities: Float32Array; milliseconds: number }
  | { kind: 'failed'; reason: string }

const port = parentPort!
const { path, threads, inputSize, classes } = workerData as WorkerSettings

function reply(message: WorkerReply): void {
  port.postMessage(message)
}

async function run(session: InferenceSession, images: Uint8Array, count: number): Promise<WorkerReply> {
  const start = performance.now()
  const { probabilities } = await session.run({
    images: new Tensor('uint8', images, [count, ...inputSize, 3]),
  })
  const milliseconds = performance.now() - start
  const [rows, columns] = probabilities.dims
  if (probabilities.type !== 'float32' || rows !== count || columns !== classes)
    throw new Error(
      `it answers ${probabilities.type} [${probabilities.dims.join(', ')}] for ${count} images, ` +
        `not float32 [${count}, ${classes}] as its labels say`,
    )
  // The session may reuse its own buffer; the answer leaves this thread as a copy.
  return {
    kind: 'answer',
    probabilities: Float32Array.from(probabilities.data as Float32Array),
    milliseconds,
  }
}

/** Loads the model and computes one black image: what is wrong with the file shows before anybody waits. */
async function load(): Promise<InferenceSession> {
  const session = await InferenceSession.create(path, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  })
  if (!session.inputNames.includes('images') || !session.outputNames.includes('probabilities'))
    throw new Error(
      `it takes "${session.inputNames.join('", "')}" and gives "${session.outputNames.join('", "')}", ` +
        'not "images" and "probabilities"',
    )
  await run(session, new Uint8Array(inputSize[0] * inputSize[1] * 3), 1)
  return session
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
        await run(session, request.images, request.count).catch((error: Error) => ({
          kind: 'failed' as const,
          reason: error.message,
        })),
      )
    })
  })
}

await main()
