/**
 * The worker thread behind a session: `run` of onnxruntime-node computes on the calling thread, which would
 * stop progress bars, servers and signals on the main one.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parentPort } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import {
  buffersOf,
  type ModelFile,
  type Reply,
  type Request,
  type SessionOptions,
  type Signature,
  type Tensors,
  type TimedRun,
  type ValueInfo,
} from './session-protocol.js'

/** ONNX Runtime's own names: `session.intra_op.allow_spinning` and `session.inter_op.allow_spinning`. */
const NO_SPINNING = { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } }

class FileChanged extends Error {}

const port = parentPort!
let session: ort.InferenceSession | undefined
let carriedBy: Record<string, string> = {}
const carried = new Map<string, ort.Tensor>()

function toTensor({ type, shape, data }: Tensors[string]): ort.Tensor {
  return new ort.Tensor(type as 'float32', data as Float32Array, shape)
}

function fromTensor(tensor: ort.Tensor): Tensors[string] {
  return { type: tensor.type as 'float32', shape: [...tensor.dims], data: tensor.data as Float32Array }
}

/** @throws FileChanged when the file has another checksum */
async function readModelFile({ path, sha256 }: ModelFile): Promise<Uint8Array> {
  const bytes = await readFile(path)
  if (createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw new FileChanged(`${path} does not have the SHA-256 ${sha256}`)
  return bytes
}

async function open(model: Uint8Array | ModelFile, options: SessionOptions): Promise<Signature> {
  const bytes = model instanceof Uint8Array ? model : await readModelFile(model)
  carriedBy = options.carried ?? {}
  session = await ort.InferenceSession.create(bytes, {
    executionProviders: [options.provider ?? 'cpu'],
    graphOptimizationLevel: options.optimize ? 'all' : 'disabled',
    ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
    ...(options.spinning === false ? { extra: NO_SPINNING } : {}),
    ...(options.profilePrefix ? { enableProfiling: true, profileFilePrefix: options.profilePrefix } : {}),
    enableMemPattern: options.memoryPattern ?? false,
    // Errors are thrown; printed too they would appear twice, and in the middle of a line of progress.
    logSeverityLevel: 4,
  })
  return {
    inputs: session.inputMetadata.map(valueInfo),
    outputs: session.outputMetadata.map(valueInfo),
  }
}

function valueInfo(value: ort.InferenceSession.ValueMetadata): ValueInfo {
  return value.isTensor
    ? { name: value.name, type: value.type, shape: [...value.shape] }
    : { name: value.name, type: undefined, shape: [] }
}

async function run(feeds: Tensors): Promise<TimedRun> {
  const inputs: Record<string, ort.Tensor> = Object.fromEntries(carried)
  for (const [name, tensor] of Object.entries(feeds)) inputs[name] = toTensor(tensor)
  const start = performance.now()
  const results = await session!.run(inputs)
  const milliseconds = performance.now() - start
  const outputs: Tensors = {}
  for (const [name, tensor] of Object.entries(results)) {
    const input = carriedBy[name]
    if (input !== undefined) carried.set(input, tensor)
    else outputs[name] = fromTensor(tensor)
  }
  return { outputs, milliseconds }
}

/** Copies of the carried tensors: the originals stay here as the next run's inputs. */
function copyCarried(): Tensors {
  return Object.fromEntries(
    [...carried].map(([name, tensor]) => {
      const { type, shape, data } = fromTensor(tensor)
      return [name, { type, shape, data: data.slice() }]
    }),
  )
}

async function close(): Promise<void> {
  if ('endProfiling' in session!) (session as { endProfiling(): void }).endProfiling()
  await session!.release()
  // Another session may follow.
  session = undefined
  carried.clear()
}

/** Answers one request. @returns the reply, and the buffers to move with it */
async function answer(request: Request): Promise<[reply: Reply, moved: ArrayBuffer[]]> {
  const { id } = request
  switch (request.kind) {
    case 'open':
      return [{ id, result: await open(request.model, request.options) }, []]
    case 'run': {
      const result = await run(request.feeds)
      return [{ id, result }, buffersOf(result.outputs)]
    }
    case 'load':
      for (const [name, tensor] of Object.entries(request.carried)) carried.set(name, toTensor(tensor))
      return [{ id, result: undefined }, []]
    case 'read': {
      const result = copyCarried()
      return [{ id, result }, buffersOf(result)]
    }
    case 'close':
      await close()
      return [{ id, result: undefined }, []]
  }
}

async function handle(request: Request): Promise<void> {
  try {
    port.postMessage(...(await answer(request)))
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    port.postMessage({
      id: request.id,
      error: message,
      fileChanged: error instanceof FileChanged,
    } satisfies Reply)
  }
}

// One request at a time: to release a session in the middle of a run aborts the whole process.
let turn = Promise.resolve()
port.on('message', (request: Request) => {
  turn = turn.then(() => handle(request))
})
