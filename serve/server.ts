/** From model files to a listening server, and back down again. */
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { availableParallelism } from 'node:os'
import type { ModelCard } from '../src/shared/model-card.js'
import { createApp } from './app.js'
import { startBackend } from './backend.js'
import type { BatchOptions } from './batches.js'
import { answerClientError } from './client-error.js'
import { drain } from './drain.js'
import { Budget, UploadBudget } from './held-bytes.js'
import type { InferenceObserver } from './inference-observer.js'
import { listen, urlOf } from './listen.js'
import { type Log, logToStderr } from './log.js'
import { readServedFiles } from './model-file.js'
import { OpenRequests } from './open-requests.js'
import type { Reloaded } from './served-models.js'

export interface ServerOptions extends BatchOptions {
  /** Paths of exported files: classifiers, detectors, or both. */
  models: string[]
  /** 0 takes any free port. */
  port?: number
  host?: string
  /** Worker threads for each model; by default one for each core, up to 4, and one for every four cores beyond. */
  workers?: number
  /** Threads that each worker computes with; by default the cores are shared out among the workers. */
  threads?: number
  /** The largest upload, in bytes. */
  maxBytes?: number
  /** The largest image, in pixels (width × height), whatever its size in bytes. */
  maxPixels?: number
  /** Requests that may wait for each model, beyond those that are computed. */
  queue?: number
  /** Processes that decode images, 2 or more: one for large ones, the others for the rest. */
  decoders?: number
  /** A request is answered within this time of its upload's arrival, in seconds, if need be with 503. */
  deadline?: number
  observer?: InferenceObserver
  log?: Log
}

export const serverDefaults = {
  port: 8080,
  host: '127.0.0.1',
  maxBytes: 10 * 1024 * 1024,
  maxPixels: 50_000_000,
  queue: 64,
  decoders: Math.max(3, Math.min(4, availableParallelism())),
  deadline: 20,
}

export interface RunningServer {
  /** For example `http://127.0.0.1:8080`. */
  url: string
  models: ModelCard[]
  /** True while every model is loaded and warm, and has a worker. */
  ready(): boolean
  /**
   * Reads all model files again and exchanges those that have changed, without losing a request. A file that cannot be
   * served keeps the model that it had. What became of each file is logged, too.
   */
  reload(): Promise<Reloaded[]>
  /** Paths of files without a checksum of their own (written by an earlier version): damage may go unnoticed. */
  unverified: string[]
  /**
   * Stops accepting requests, answers those that were accepted (with 503 after three quarters of
   * `graceMilliseconds`), and ends the workers.
   */
  close(graceMilliseconds?: number): Promise<void>
}

/** A request, its body included, must arrive within this time, in ms. */
const requestTimeout = 40_000
const headersTimeout = 15_000
/** A connection without traffic for this time, in ms, is closed, unless the server is computing its answer. */
const silenceTimeout = 20_000
/** From a request's first byte to the last of its answer, in seconds beyond the deadline. */
const lifetimeBeyondDeadline = 100
/** Further connections are closed at once. */
const maxConnections = 1000
/** All uploads together hold at most the bytes of so many of the largest. */
const maxUploads = 16
/** Bytes of all drawn answers together, for each pixel of the largest image: two of the largest. */
const answerBytesPerPixel = 6
/** In ms. Less than the 10 s after which Docker and others kill a process that has not ended. */
const defaultGrace = 8_000

/**
 * Loads the models and serves them. Resolves once requests are answered.
 *
 * @throws UserError for a file that cannot be read, ServeError for a model that cannot be served or an address
 *   that cannot be listened on
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const {
    port = serverDefaults.port,
    host = serverDefaults.host,
    maxBytes = serverDefaults.maxBytes,
    maxPixels = serverDefaults.maxPixels,
    queue = serverDefaults.queue,
    decoders: processes = serverDefaults.decoders,
    deadline = serverDefaults.deadline,
    log = logToStderr,
  } = options
  const files = await readServedFiles(options.models)
  const onWarning = (message: string) => log({ event: 'worker', message })
  const backend = await startBackend(files, { ...options, queue, processes, deadline, onWarning })
  const { models, decoders } = backend

  const requests = new OpenRequests({ deadline, lifetime: deadline + lifetimeBeyondDeadline })
  const uploads = new UploadBudget(maxUploads * maxBytes)
  const answers = new Budget(answerBytesPerPixel * maxPixels)
  const app = createApp({ models, decoders, requests, uploads, answers, maxBytes, maxPixels, log })
  const connections = new Set<Socket>()
  const server = createServer({ requestTimeout, headersTimeout, connectionsCheckingInterval: 1000 })
  // "Expect: 100-continue" is answered by the routes too: a request that they refuse never sends its body.
  server.on('request', app).on('checkContinue', app).on('clientError', answerClientError(log, requests))
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  server.setTimeout(silenceTimeout, (socket) => requests.onSilence(socket, silenceTimeout / 1000))
  server.maxConnections = maxConnections
  server.on('drop', (connection) => log({ event: 'drop', from: connection?.remoteAddress }))
  try {
    await listen(server, port, host)
  } catch (error) {
    await backend.close()
    throw error
  }

  const shutDown = async (graceMilliseconds: number) => {
    await drain(server, requests, connections, graceMilliseconds)
    await backend.close()
  }
  let closing: Promise<void> | undefined
  const close = (graceMilliseconds = defaultGrace) => {
    closing ??= shutDown(graceMilliseconds)
    return closing
  }
  return {
    url: urlOf(server),
    models: files.map(({ card }) => card),
    ready: () => closing === undefined && backend.ready(),
    reload: async () => {
      const reloaded = await backend.reload()
      for (const each of reloaded) log({ event: 'reload', ...each })
      return reloaded
    },
    unverified: files.filter(({ verified }) => !verified).map(({ path }) => path),
    close,
  }
}
