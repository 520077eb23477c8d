/** What computes the answers: the decoder processes, and the models in their worker threads. */
import { Decoders } from './decoders.js'
import { Inference } from './inference.js'
import type { ServedFile } from './model-file.js'

export interface BackendOptions {
  /** Worker threads for each model, and the threads that each of them computes with. */
  workers: number
  threads: number
  /** Requests that may wait for each model, beyond those that are computed. */
  queue: number
  /** Decoder processes. */
  processes: number
  /** From an upload's arrival to its answer, in seconds. */
  deadline: number
  /** Receives one sentence whenever a worker or process ends unexpectedly. */
  onWarning: (message: string) => void
}

export interface Backend {
  /** By name. */
  models: ReadonlyMap<string, Inference>
  decoders: Decoders
  close(): Promise<void>
}

/** The share of the deadline that decoding one image may take. */
const DECODING_SHARE = 0.75

/**
 * Starts the first decoder process, and meanwhile loads the models, one after another.
 *
 * @throws ServeError for a model that cannot be served
 */
export async function startBackend(files: readonly ServedFile[], options: BackendOptions): Promise<Backend> {
  const { workers, threads, queue, processes, deadline, onWarning } = options
  const models = new Map<string, Inference>()
  const loadModels = async () => {
    for (const { path, card, sha256 } of files) {
      const settings = { path, card, sha256, workers, threads, queue, maxWait: deadline, onWarning }
      models.set(card.name, await Inference.start(settings))
    }
  }
  const [decoders, loaded] = await Promise.allSettled([
    Decoders.start({ processes, timeout: deadline * DECODING_SHARE, onWarning }),
    loadModels(),
  ])
  const close = async () => {
    const started = decoders.status === 'fulfilled' ? [decoders.value] : []
    await Promise.all([...started, ...models.values()].map((each) => each.close()))
  }
  if (decoders.status === 'fulfilled' && loaded.status === 'fulfilled')
    return { models, decoders: decoders.value, close }
  await close()
  throw decoders.status === 'rejected' ? decoders.reason : (loaded as PromiseRejectedResult).reason
}
