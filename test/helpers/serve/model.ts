/** A served model without a server around it. */
import { Inference, type InferenceOptions } from '../../../serve/inference.js'
import type { InferenceObserver } from '../../../serve/inference-observer.js'
import { readServedFile } from '../../../serve/model-file.js'
import type { Outputs, Task } from '../../../serve/outputs.js'

export interface StartedModel<T extends Task> {
  inference: Inference<T>
  /** Computes one image, as a request does. */
  infer(pixels: Uint8Array, signal?: AbortSignal): Promise<Outputs[T]>
  /** Images of each run. */
  batches: number[]
  /** Images that waited, after each change. */
  waiting: number[]
  warnings: string[]
}

/** Starts a model with one worker, unless the options say otherwise. */
export async function startModel<T extends Task>(
  path: string,
  options: Partial<InferenceOptions<T>> = {},
): Promise<StartedModel<T>> {
  const batches: number[] = []
  const waiting: number[] = []
  const warnings: string[] = []
  const observer: InferenceObserver = {
    ...options.observer,
    batchSize: (_, size) => batches.push(size),
    queueLength: (_, length) => waiting.push(length),
  }
  const onWarning = (message: string) => warnings.push(message)
  const file = (await readServedFile(path)) as unknown as Pick<
    InferenceOptions<T>,
    'path' | 'card' | 'sha256'
  >
  const usual = { workers: 1, threads: 1, queue: 64, onWarning }
  const inference = await Inference.start<T>({ ...usual, ...file, ...options, observer })
  return {
    inference,
    batches,
    waiting,
    warnings,
    async infer(pixels, signal = new AbortController().signal) {
      const reservation = inference.reserve()
      try {
        return (await reservation.infer(pixels, signal)).outputs
      } finally {
        reservation.release()
      }
    },
  }
}
