/** Figures of a server, in the format of Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { RejectReason, ServeObserver } from './observer.js'

/** Bounds of durations, in seconds: from an answer out of memory to the longest deadline that is usual. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60]
const BATCHES = [1, 2, 4, 8, 16, 32, 64]

/** Memory, processor time and event loop of the process, whose collectors cannot be taken away again: made once. */
let processRegistry: Registry | undefined

function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry()
    collectDefaultMetrics({ register: processRegistry })
  }
  return processRegistry
}

/** Counts what requests report, and what models do: it is their `InferenceObserver`, too. */
export class Metrics implements ServeObserver {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE
  readonly #registry = new Registry()
  readonly #registers = { registers: [this.#registry] }
  readonly #requests = new Histogram({
    name: 'toolkit_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    ...this.#registers,
  })
  readonly #open = new Gauge({
    name: 'toolkit_open_requests',
    help: 'Requests that are being received or answered',
    ...this.#registers,
  })
  readonly #queue = new Gauge({
    name: 'toolkit_queue_length',
    help: 'Images that wait for a model',
    labelNames: ['model'],
    ...this.#registers,
  })
  readonly #batch = new Histogram({
    name: 'toolkit_batch_size',
    help: 'Images that a model computed together',
    labelNames: ['model'],
    buckets: BATCHES,
    ...this.#registers,
  })
  readonly #inference = new Histogram({
    name: 'toolkit_inference_seconds',
    help: 'Time of one run of a model',
    labelNames: ['model'],
    buckets: SECONDS,
    ...this.#registers,
  })
  readonly #decode = new Histogram({
    name: 'toolkit_decode_seconds',
    help: "Time from an image's arrival to its pixels",
    buckets: SECONDS,
    ...this.#registers,
  })
  readonly #rejects = new Counter({
    name: 'toolkit_rejects_total',
    help: 'Requests that were refused, by reason',
    labelNames: ['reason'],
    ...this.#registers,
  })

  /** A request has begun. Returns what is to be called with its route (not its path) and status at its end. */
  begin(method: string): (route: string, status: number) => void {
    this.#open.inc()
    const end = this.#requests.startTimer()
    return (route, status) => {
      this.#open.dec()
      end({ method, route, status })
    }
  }

  queueLength(model: string, length: number): void {
    this.#queue.set({ model }, length)
  }

  batchSize(model: string, size: number): void {
    this.#batch.observe({ model }, size)
  }

  inferenceSeconds(model: string, seconds: number): void {
    this.#inference.observe({ model }, seconds)
  }

  decodeSeconds(seconds: number): void {
    this.#decode.observe(seconds)
  }

  reject(reason: RejectReason): void {
    this.#rejects.inc({ reason })
  }

  /** All figures as text, those of the process included. */
  async text(): Promise<string> {
    return `${await this.#registry.metrics()}\n${await processMetrics().metrics()}`
  }
}
