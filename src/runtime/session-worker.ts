/**
 * The worker thread behind a session: `run` of onnxruntime-node computes on the calling thread, which would
 * stop progress bars, servers and signals on the main one.
 */
import { parentPort } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import type { Reply, Request, SessionOptions, Tensors } from './session-protocol.js'

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

async function open(model: Uint8Array, options: SessionOptions): Promise<void> {
  carriedBy = options.carried ?? {}
  session = await ort.InferenceSession.create(model, {
    executionProviders: [options.provider ?? 'cpu'],
    graphOptimizationLevel: options.optimize ? 'all' : 'disabled',
    ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
    ...(options.profilePrefix ? { enableProfiling: true, profileFilePrefix: options.profilePrefix } : {}),
    // A planned block of memory beside the arena that the first run filled: twice the peak, and no faster.
    enableMemPattern: false,
    // Errors are thrown; printed too they would stand twice, and in the middle of a line of progress.
    logSeverityLevel: 4,
  })
}

async function run(feeds: Tensors): Promise<Tensors> {
  const inputs: Record<string, ort.Tensor> = Object.fromEntries(carried)
  for (const [name, tensor] of Object.entries(feeds)) inputs[name] = toTensor(tensor)
  const outputs = await session!.run(inputs)
  const results: Tensors = {}
  for (const [name, tensor] of Object.entries(outputs)) {
    const input = carriedBy[name]
    if (input !== undefined) carried.set(input, tensor)
    else results[name] = fromTensor(tensor)
  }
  return results
}

async function answer(request: Request): Promise<Tensors> {
  switch (request.kind) {
    case 'open':
      await open(request.model, request.options)
      return {}
    case 'run':
      return run(request.feeds)
    case 'load':
      for (const [name, tensor] of Object.entries(request.carried)) carried.set(name, toTensor(tensor))
      return {}
    case 'read':
      // Copies: the originals stay here as the next run's inputs.
      return Object.fromEntries(
        [...carried].map(([name, tensor]) => {
          const { type, shape, data } = fromTensor(tensor)
          return [name, { type, shape, data: data.slice() }]
        }),
      )
    case 'close':
      if ('endProfiling' in session!) (session as { endProfiling(): void }).endProfiling()
      await session!.release()
      // Another session may follow.
      session = undefined
      carried.clear()
      return {}
  }
}

async function handle(request: Request): Promise<void> {
  let reply: Reply
  try {
    reply = { id: request.id, results: await answer(request) }
  } catch (error) {
    reply = { id: request.id, error: error instanceof Error ? error.message : String(error) }
  }
  const moved =
    'results' in reply ? Object.values(reply.results).map(({ data }) => data.buffer as ArrayBuffer) : []
  port.postMessage(reply, [...new Set(moved)])
}

// One request at a time: to release a session in the middle of a run aborts the whole process.
let turn = Promise.resolve()
port.on('message', (request: Request) => {
  turn = turn.then(() => handle(request))
})
