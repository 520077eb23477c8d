/** From model files to a listening server, and back down again. */
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import type { ModelCard } from '../src/shared/model-card.js'
import { createApp } from './app.js'
import { startBackend } from './backend.js'
import { answerClientError } from './client-error.js'
import { type ServerConfig, serverDefaults } from './config/settings.js'
import { drain } from './drain.js'
import type { Front } from './front.js'
import { Guard } from './guard.js'
import { Budget, UploadBudget } from './held-bytes.js'
import type { InferenceObserver } from './inference-observer.js'
import { listen, urlOf } from './listen.js'
import { type Log, logToStderr } from './log.js'
import { Metrics } from './metrics/metrics.js'
import { readServedFiles } from './model-file.js'
import { OpenRequests } from './open-requests.js'
import { ApiKeys, readKeyFile } from './safety/api-keys.js'
import type { Reloaded } from './served-models.js'

export interface ServerOptions extends Partial<Omit<ServerConfig, 'models' | 'logFormat' | 'quiet'>> {
  /** Paths of exported files: classifiers, detectors, or both; none for a server that models are added to. */
  models: string[]
  /** Is told what the models do; by default, `/metrics` counts it. */
  observer?: InferenceObserver
  /** By default, on standard error. */
  log?: Log
  /** Sees every request that is let in before the server's own paths. */
  front?: Front
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
  /**
   * Serves another exported file; one that is served already is exchanged where it has changed, as `reload` does.
   *
   * @throws UserError for a file that cannot be read, ServeError for one that cannot be served; the model that it had stays
   */
  add(path: string): Promise<void>
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
/** In bytes, of a request's head; and their number, beyond which they are cut off. */
const maxHeaderSize = 16 * 1024
const maxHeadersCount = 100
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
    maxImages = serverDefaults.maxImages,
    queue = serverDefaults.queue,
    decoders: processes = serverDefaults.decoders,
    deadline = serverDefaults.deadline,
    rateLimit = serverDefaults.rateLimit,
    trustProxy = serverDefaults.trustProxy,
    corsOrigins,
    maxConnections = serverDefaults.maxConnections,
    log = logToStderr,
    front,
  } = options
  const apiKeys = await apiKeysOf(options)
  const files = await readServedFiles(options.models)
  const onWarning = (message: string) => log({ event: 'worker', message })
  const metrics = new Metrics()
  const observer = options.observer ?? metrics
  const backend = await startBackend(files, { ...options, observer, queue, processes, deadline, onWarning })
  const { models, decoders } = backend

  const requests = new OpenRequests({ deadline, lifetime: deadline + lifetimeBeyondDeadline })
  const uploads = new UploadBudget(maxUploads * maxBytes)
  const answers = new Budget(answerBytesPerPixel * maxPixels)
  const guard = new Guard({ apiKeys, rateLimit })
  const service = { models, decoders, requests, uploads, answers, maxBytes, maxPixels, maxImages }
  const app = createApp({
    ...service,
    observer: metrics,
    metrics,
    guard,
    corsOrigins,
    trustProxy,
    log,
    front,
  })
  const connections = new Set<Socket>()
  const server = createServer({
    requestTimeout,
    headersTimeout,
    keepAliveTimeout: silenceTimeout,
    connectionsCheckingInterval: 1000,
    maxHeaderSize,
  })
  server.maxHeadersCount = maxHeadersCount
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
    guard.close()
    await backend.close()
    throw error
  }

  const shutDown = async (graceMilliseconds: number) => {
    await drain(server, requests, connections, graceMilliseconds)
    guard.close()
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
    add: (path) => backend.add(path),
    unverified: files.filter(({ verified }) => !verified).map(({ path }) => path),
    close,
  }
}

/** Undefined where everybody may ask. @throws UserError for a file of keys that cannot be used */
async function apiKeysOf({ apiKeysFile, apiKeys = [] }: ServerOptions): Promise<ApiKeys | undefined> {
  const keys = [...apiKeys, ...(apiKeysFile === undefined ? [] : await readKeyFile(apiKeysFile))]
  return keys.length === 0 ? undefined : new ApiKeys(keys)
}
