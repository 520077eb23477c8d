/** What computes the answers: the decoder processes, and the models in their worker threads. */
import type { BatchOptions } from './batches.js'
import { Decoders } from './decoders.js'
import type { Inference } from './inference.js'
import type { InferenceObserver } from './inference-observer.js'
import type { ServedFile } from './model-file.js'
import { type Reloaded, ServedModels } from './served-models.js'
import { shareCores } from './workers.js'

export interface BackendOptions extends BatchOptions {
  /** Worker threads for each model, and the threads that each of them computes with: see `shareCores`. */
  workers?: number
  threads?: number
  /** Requests that may wait for each model, beyond those that are computed. */
  queue: number
  /** Decoder processes. */
  processes: number
  /** From an upload's arrival to its answer, in seconds. */
  deadline: number
  /** Receives one sentence whenever a worker or process ends unexpectedly. */
  onWarning: (message: string) => void
  observer?: InferenceObserver
}

export interface Backend {
  /** Of the models that answer now, as `ServedModels.byName` says. */
  models: ReadonlyMap<string, Inference>
  decoders: Decoders
  /** True while every model is loaded and warm, and has a worker. */
  ready(): boolean
  /** As `ServedModels.reload`. */
  reload(): Promise<Reloaded[]>
  /** As `ServedModels.add`. */
  add(path: string): Promise<void>
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
  const { queue, maxBatch, maxWaitMs, processes, deadline, onWarning, observer } = options
  const settings = {
    ...shareCores(options),
    queue,
    maxBatch,
    maxWaitMs,
    maxWait: deadline,
    onWarning,
    observer,
  }
  const [decoders, loaded] = await Promise.allSettled([
    Decoders.start({ processes, timeout: deadline * DECODING_SHARE, onWarning }),
    ServedModels.load(files, settings),
  ])
  if (decoders.status === 'fulfilled' && loaded.status === 'fulfilled') {
    const models = loaded.value
    return {
      models: models.byName,
      decoders: decoders.value,
      ready: () => models.ready(),
      reload: () => models.reload(),
      add: (path) => models.add(path),
      close: async () => {
        await Promise.all([decoders.value.close(), models.close()])
      },
    }
  }
  if (decoders.status === 'fulfilled') await decoders.value.close()
  if (loaded.status === 'fulfilled') await loaded.value.close()
  throw decoders.status === 'rejected' ? decoders.reason : (loaded as PromiseRejectedResult).reason
}
