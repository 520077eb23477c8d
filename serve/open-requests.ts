/**
 * The requests that are being answered. Each has a signal that ends the work for it: when its client disconnects, at
 * its deadline, or when the server closes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { ClientGone, overloaded, Problem } from './problem.js'

export interface OpenRequest {
  /** Aborted with a `Problem` or `ClientGone`. */
  readonly signal: AbortSignal
  /** The upload has arrived: its deadline starts to run. */
  arrived(): void
}

export interface RequestTimes {
  /** From an upload's arrival to its answer, in seconds. */
  deadline: number
  /** From a request's first byte to the last of its answer, in seconds: slower connections are cut. */
  lifetime: number
}

export class OpenRequests {
  readonly #open = new Map<ServerResponse, { open: OpenRequest; controller: AbortController }>()
  /** HTTP/1.1 answers the requests of a connection one after another. */
  readonly #bySocket = new Map<Socket, ServerResponse>()
  #closing = false

  constructor(private readonly times: RequestTimes) {}

  /** Registers a request. Its signal is aborted already while the server is closing. To be called once. */
  begin(request: IncomingMessage, response: ServerResponse): OpenRequest {
    const { socket } = request
    const controller = new AbortController()
    const { deadline, lifetime } = this.times
    let late: NodeJS.Timeout | undefined
    const cut = setTimeout(() => response.destroy(), lifetime * 1000)
    this.#bySocket.set(socket, response)
    response.once('close', () => {
      clearTimeout(late)
      clearTimeout(cut)
      this.#open.delete(response)
      if (this.#bySocket.get(socket) === response) this.#bySocket.delete(socket)
      if (!response.writableFinished) controller.abort(new ClientGone())
      // Flushes the rest of the answer, then closes.
      if (this.#closing) socket.destroySoon()
    })
    if (this.#closing) {
      response.setHeader('Connection', 'close')
      controller.abort(closing())
    }
    const open: OpenRequest = {
      signal: controller.signal,
      arrived: () => {
        late ??= setTimeout(() => controller.abort(tooLate(deadline)), deadline * 1000)
      },
    }
    this.#open.set(response, { open, controller })
    return open
  }

  /** A registered request. @throws ClientGone when its connection is closed */
  get(response: ServerResponse): OpenRequest {
    const entry = this.#open.get(response)
    if (entry === undefined) throw new ClientGone()
    return entry.open
  }

  /**
   * Handles a connection without traffic: an unfinished upload is refused; a connection without a request, or whose
   * answer is not read, is cut. One whose answer is being computed stays open.
   */
  onSilence(socket: Socket, seconds: number): void {
    const response = this.#bySocket.get(socket)
    if (response === undefined || this.isAnswering(socket)) socket.destroy()
    else if (!response.req.complete)
      this.#open
        .get(response)
        ?.controller.abort(new Problem(408, `No data of the image arrived for ${seconds} s.`))
  }

  isOpen(socket: Socket): boolean {
    return this.#bySocket.has(socket)
  }

  /** Whether an answer is being sent: nothing else may be written in between. */
  isAnswering(socket: Socket): boolean {
    return this.#bySocket.get(socket)?.headersSent === true
  }

  /** From now on, requests are refused, and connections are closed after their answers. */
  startClosing(): void {
    this.#closing = true
    for (const response of this.#open.keys())
      if (!response.headersSent) response.setHeader('Connection', 'close')
  }

  /** Refuses all unanswered requests with 503. */
  refuseAll(): void {
    for (const { controller } of this.#open.values()) controller.abort(closing())
  }
}

function closing(): Problem {
  return overloaded('The server is closing.')
}

function tooLate(deadline: number): Problem {
  return overloaded(
    `The server could not answer within ${deadline} s; try again in a moment.`,
    Math.ceil(deadline / 2),
  )
}
