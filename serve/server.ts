/** From model files to a listening server, and back down again. */
import { once } from 'node:events'
import { createServer, type Server, STATUS_CODES } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { availableParallelism } from 'node:os'
import type { Duplex } from 'node:stream'
import type { ModelCard } from '../src/shared/model-card.js'
import { createApp } from './app.js'
import { Decoders } from './decoders.js'
import { drain } from './drain.js'
import { ServeError } from './errors.js'
import { Budget, UploadBudget } from './held-bytes.js'
import { type Inference, startInference } from './inference.js'
import { type Log, logToStderr } from './log.js'
import { readServedFile, type ServedFile } from './model-file.js'
import { OpenRequests } from './open-requests.js'
import { Problem } from './problem.js'

export interface ServerOptions {
  /** Paths of exported files: classifiers, detectors, or both. */
  models: string[]
  /** 0 takes any free port. */
  port?: number
  host?: string
  /** Worker threads for each model. */
  workers?: number
  /** Threads that each worker computes with; by default the processors are shared out among the workers. */
  threads?: number
  /** The largest upload, in bytes. */
  maxBytes?: number
  /** The largest picture, in pixels (width × height), whatever it weighs. */
  maxPixels?: number
  /** Requests that may wait for each model, beyond those in work. */
  queue?: number
  /** Processes that decode pictures, 2 or more: one for large ones, the others for the rest. */
  decoders?: number
  /** A request is answered within this time of its upload's arrival, in seconds, if need be with 503. */
  deadline?: number
  log?: Log
}

export const serverDefaults = {
  port: 8080,
  host: '127.0.0.1',
  workers: 1,
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
  /** Paths of files without a checksum of their own (written by an earlier version): damage would hardly be noticed. */
  unverified: string[]
  /** Stops accepting, answers what was accepted (with 503 what takes longer than three quarters of
   * `graceMilliseconds`), ends the workers. */
  close(graceMilliseconds?: number): Promise<void>
}

/** A request must have arrived within this time, its body included, in ms. */
const requestTimeout = 40_000
const headersTimeout = 15_000
/** A connection on which nothing moves for longer, in ms, is closed, unless the server owes it an answer. */
const silenceTimeout = 20_000
/** From a request's first byte to the last of its answer, in seconds beyond the deadline. */
const lifetimeBeyondDeadline = 100
/** More connections than this are closed at once. */
const maxConnections = 1000
/** The bytes of all uploads together are at most so many of the largest. */
const uploadsHeld = 16
/** The bytes of all drawn answers together, for each pixel of the largest picture: two of the largest. */
const answerBytesPerPixel = 6
/** The share of the deadline that one picture's decoding may take. */
const decodingShare = 0.75
/** Less than the 10 s after which Docker and others kill what has not ended. */
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
    workers = serverDefaults.workers,
    threads = Math.max(1, Math.floor(availableParallelism() / workers)),
    maxBytes = serverDefaults.maxBytes,
    maxPixels = serverDefaults.maxPixels,
    queue = serverDefaults.queue,
    decoders: processes = serverDefaults.decoders,
    deadline = serverDefaults.deadline,
    log = logToStderr,
  } = options
  const files = await readFiles(options.models)

  const onTrouble = (message: string) => log({ event: 'worker', message })
  const requests = new OpenRequests({ deadline, lifetime: deadline + lifetimeBeyondDeadline })
  const models = new Map<string, Inference>()
  const connections = new Set<Socket>()
  const server = createServer({ requestTimeout, headersTimeout, connectionsCheckingInterval: 1000 })
  let decoders: Decoders | undefined
  const closeAll = () =>
    Promise.all([decoders?.close(), ...[...models.values()].map((model) => model.close())])
  try {
    decoders = await Decoders.start({ processes, seconds: deadline * decodingShare, onTrouble })
    for (const { path, card, sha256 } of files) {
      const settings = { path, card, sha256, workers, threads, queue, patience: deadline, onTrouble }
      models.set(card.name, await startInference(settings))
    }
    const uploads = new UploadBudget(uploadsHeld * maxBytes)
    const answers = new Budget(answerBytesPerPixel * maxPixels)
    const app = createApp({ models, decoders, requests, uploads, answers, maxBytes, maxPixels, log })
    // Whoever asks before sending the body is answered by the routes, not told to go on unseen.
    server.on('request', app).on('checkContinue', app).on('clientError', refuseWith(log, requests))
    server.on('connection', (socket: Socket) => {
      connections.add(socket)
      socket.once('close', () => connections.delete(socket))
    })
    server.setTimeout(silenceTimeout, (socket) => requests.onSilence(socket, silenceTimeout / 1000))
    server.maxConnections = maxConnections
    server.on('drop', (connection) => log({ event: 'drop', from: connection?.remoteAddress }))
    await listen(server, port, host)
  } catch (error) {
    await closeAll()
    throw error
  }

  const shutDown = async (graceMilliseconds: number) => {
    await drain(server, requests, connections, graceMilliseconds)
    await closeAll()
  }
  let closing: Promise<void> | undefined
  const close = (graceMilliseconds = defaultGrace) => {
    closing ??= shutDown(graceMilliseconds)
    return closing
  }
  return {
    url: urlOf(server.address() as AddressInfo),
    models: files.map(({ card }) => card),
    unverified: files.filter(({ verified }) => !verified).map(({ path }) => path),
    close,
  }
}

async function readFiles(paths: string[]): Promise<ServedFile[]> {
  const files: ServedFile[] = []
  for (const path of paths) {
    const file = await readServedFile(path)
    const twin = files.find(({ card }) => card.name === file.card.name)
    if (twin !== undefined)
      throw new ServeError(`${twin.path} and ${path} are both named "${file.card.name}"; serve one of them.`)
    files.push(file)
  }
  return files
}

const listenReasons: Record<string, string> = {
  EADDRINUSE: 'it is in use already; choose another port',
  EACCES: 'there is no permission; choose a port from 1024 on',
  EADDRNOTAVAIL: 'this machine has no such address; choose another host',
  ENOTFOUND: 'there is no such host; give an address of this machine',
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  try {
    server.listen({ port, host })
    await once(server, 'listening')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new ServeError(
      `Cannot listen on port ${port} of ${host}: ${listenReasons[code ?? ''] ?? message}`,
      {
        cause: error,
      },
    )
  }
}

/** The address to type: one that listens everywhere is reached as localhost. */
function urlOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://localhost:${port}`
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

/** Answers what is not even HTTP, or came too slowly, in the same form as every other error, and logs it. */
function refuseWith(log: Log, requests: OpenRequests) {
  return (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (!socket.writable || error.code === 'ECONNRESET' || requests.isAnswering(socket as Socket)) {
      socket.destroy()
      return
    }
    const statuses: Record<string, number> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 }
    const status = statuses[error.code ?? ''] ?? 400
    const details: Record<number, string> = {
      400: 'The request is not valid HTTP.',
      408: 'The request took too long to arrive.',
      431: 'The request has too large headers.',
    }
    const body = JSON.stringify(new Problem(status, details[status]))
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n` +
        `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    log({ event: 'refused', status, reason: error.code, from: (socket as Socket).remoteAddress })
  }
}
