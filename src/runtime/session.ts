/** A compiled graph that runs in a worker thread of its own. */
import './no-telemetry.js'
import type { Reply, Request, SessionOptions, Tensors } from './session-protocol.js'
import { giveWorkerBack, takeWorker } from './session-workers.js'

export type { Numbers, SessionOptions, Tensor, Tensors } from './session-protocol.js'

export interface Session {
  /** One run. Feeds' buffers are moved to the worker, not copied: they are empty here afterwards. */
  run(feeds: Tensors): Promise<Tensors>
  /** Sets carried inputs; they too are moved. */
  load(carried: Tensors): Promise<void>
  /** Copies of the carried inputs as the next run will see them. */
  read(): Promise<Tensors>
  /** Lets a run under way end, then frees everything. */
  close(): Promise<void>
}

type Asked = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never

/** Opens `model` (the bytes of an ONNX file; kept, not moved). Throws ONNX Runtime's own message if it will not have it. */
export async function openSession(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const worker = takeWorker()
  const waiting = new Map<number, { resolve: (results: Tensors) => void; reject: (error: Error) => void }>()
  let nextId = 0
  let failure: Error | undefined

  const fail = (error: Error) => {
    failure ??= error
    for (const { reject } of waiting.values()) reject(failure)
    waiting.clear()
  }
  const hear = (reply: Reply) => {
    const asked = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (waiting.size === 0) worker.unref()
    if ('error' in reply) asked?.reject(new Error(reply.error))
    else asked?.resolve(reply.results)
  }
  const end = (code: number) => fail(new Error(`the compute worker has ended (exit code ${code})`))
  worker.on('message', hear).on('error', fail).on('exit', end)

  const ask = (request: Asked, moved: ArrayBuffer[] = []): Promise<Tensors> => {
    if (failure) return Promise.reject(failure)
    const id = nextId++
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      worker.ref()
      worker.postMessage({ ...request, id }, moved)
    })
  }
  const buffers = (tensors: Tensors) => [
    ...new Set(Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer)),
  ]

  try {
    await ask({ kind: 'open', model, options })
  } catch (error) {
    await worker.terminate()
    throw error
  }
  return {
    run: (feeds) => ask({ kind: 'run', feeds }, buffers(feeds)),
    load: async (carried) => {
      await ask({ kind: 'load', carried }, buffers(carried))
    },
    read: () => ask({ kind: 'read' }),
    close: async () => {
      if (failure) return
      const closed = ask({ kind: 'close' })
      // What is asked from here on would be answered to nobody.
      failure = new Error('the session is closed')
      try {
        await closed
      } catch (error) {
        await worker.terminate()
        throw error
      }
      worker.off('message', hear).off('error', fail).off('exit', end)
      await giveWorkerBack(worker)
    },
  }
}
