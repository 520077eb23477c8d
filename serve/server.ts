/** From model files to a listening server, and back down again. */
import { once } from 'node:events'
import { createServer, type Server, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import type { Duplex } from 'node:stream'
import { type ModelCard, readModelCard } from '../src/model-card.js'
import { createApp } from './app.js'
import { ServeError } from './errors.js'
import { type Inference, startInference } from './inference.js'
import { type Log, logToStderr } from './log.js'
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
  log?: Log
}

export const serverDefaults = {
  port: 8080,
  host: '127.0.0.1',
  workers: 1,
  maxBytes: 10 * 1024 * 1024,
  maxPixels: 50_000_000,
  queue: 64,
}

export interface RunningServer {
  /** For example `http://127.0.0.1:8080`. */
  url: string
  models: ModelCard[]
  /** Stops accepting, lets what is in flight finish (for `graceMilliseconds` at most), ends the workers. */
  close(graceMilliseconds?: number): Promise<void>
}

/** A request must have arrived within this time, its body included. */
const requestTimeout = 60_000
const headersTimeout = 15_000
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
    log = logToStderr,
  } = options
  const cards = await readCards(options.models)

  const models = new Map<string, Inference>()
  const closeModels = () => Promise.all([...models.values()].map((model) => model.close()))
  const onTrouble = (message: string) => log({ event: 'worker', message })
  const server = createServer({ requestTimeout, headersTimeout })
  try {
    for (const [path, card] of cards)
      models.set(card.name, await startInference({ path, card, workers, threads, queue, onTrouble }))
    const app = createApp({ models, maxBytes, maxPixels, log })
    // Whoever asks before sending the body is answered by the routes, not told to go on unseen.
    server.on('request', app).on('checkContinue', app).on('clientError', refuse)
    await listen(server, port, host)
  } catch (error) {
    await closeModels()
    throw error
  }

  const shutDown = async (graceMilliseconds: number) => {
    const closed = once(server, 'close')
    server.close()
    // A kept-alive connection becomes idle only when its answer is through.
    const idle = setInterval(() => server.closeIdleConnections(), 50)
    const cut = setTimeout(() => server.closeAllConnections(), graceMilliseconds)
    await closed
    clearInterval(idle)
    clearTimeout(cut)
    await closeModels()
  }
  let closing: Promise<void> | undefined
  const close = (graceMilliseconds = defaultGrace) => {
    closing ??= shutDown(graceMilliseconds)
    return closing
  }
  return { url: urlOf(server.address() as AddressInfo), models: [...cards.values()], close }
}

async function readCards(paths: string[]): Promise<Map<string, ModelCard>> {
  const cards = new Map<string, ModelCard>()
  for (const path of paths) {
    const card = await readModelCard(path)
    const twin = [...cards].find(([, other]) => other.name === card.name)
    if (twin !== undefined)
      throw new ServeError(`${twin[0]} and ${path} are both named "${card.name}"; serve one of them.`)
    cards.set(path, card)
  }
  return cards
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

/** Answers what is not even HTTP, or came too slowly, in the same form as every other error. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
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
}
