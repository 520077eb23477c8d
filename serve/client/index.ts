/**
 * A client of `toolkit serve` for browsers, Node.js and others with `fetch`. It needs no other package.
 *
 * @module nasnet-toolkit/client
 */

import type { Timings } from '../answer-image.js'
import type { Classification, Prediction } from '../classify.js'
import type { DetectionAnswer } from '../detect.js'
import type { Detection } from '../detections.js'

export type { Classification, Detection, DetectionAnswer, Prediction, Timings }

export interface ClientOptions {
  /** Sent as `Authorization: Bearer …`, where the server needs keys. */
  apiKey?: string
  /** In place of the global `fetch`. */
  fetch?: typeof fetch
}

export interface RequestOptions {
  /** The name of the model; needed where the server has several for the task. */
  model?: string
  signal?: AbortSignal
}

export interface ClassifyOptions extends RequestOptions {
  /** How many classes to name, from 1; by default 5. */
  top?: number
}

export interface DetectOptions extends RequestOptions {
  /** Objects with a lower score, from 0 to 1, are left out; by default 0.3. */
  minScore?: number
  /** How many objects at most; by default 100. */
  max?: number
}

/** The answers to several images, in their order. */
export interface AnswerList<T> {
  model: string
  results: Omit<T, 'model' | 'milliseconds'>[]
  /** The longest time of each part. */
  milliseconds: Timings
}

export interface Health {
  /** Whether every model can answer. */
  ready: boolean
  models: { name: string; ready: boolean }[]
}

/** The file of an image: JPEG, PNG, WebP, GIF or AVIF. */
export type ImageFile = Blob | ArrayBuffer | Uint8Array

/** The server refused a request. The message is its own sentence, which says what is wrong and what to do. */
export class ServerError extends Error {
  override name = 'ServerError'

  constructor(
    message: string,
    /** The status of HTTP. */
    readonly status: number,
    /** Seconds after which another attempt may succeed, where the server says so. */
    readonly retryAfter: number | undefined,
    /** Under which the server's log has the request. */
    readonly requestId: string | undefined,
  ) {
    super(message)
  }
}

export class Client {
  readonly #url: string
  readonly #headers: Record<string, string>
  readonly #fetch: typeof fetch

  /** @param url Where the server is, such as `http://127.0.0.1:8080`; also below a path. */
  constructor(url: string | URL, { apiKey, fetch: ask = fetch }: ClientOptions = {}) {
    this.#url = String(url).replace(/\/+$/, '')
    this.#headers = apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` }
    // The global one does not work as a method of something else in browsers.
    this.#fetch = (...request) => ask(...request)
  }

  /** The most probable classes of an image, or of each image of a list. @throws ServerError */
  classify(image: ImageFile, options?: ClassifyOptions): Promise<Classification>
  classify(images: readonly ImageFile[], options?: ClassifyOptions): Promise<AnswerList<Classification>>
  classify(
    images: ImageFile | readonly ImageFile[],
    options: ClassifyOptions = {},
  ): Promise<Classification | AnswerList<Classification>> {
    return this.#send('/classify', images, options)
  }

  /** The objects in an image, or in each image of a list. @throws ServerError */
  detect(image: ImageFile, options?: DetectOptions): Promise<DetectionAnswer>
  detect(images: readonly ImageFile[], options?: DetectOptions): Promise<AnswerList<DetectionAnswer>>
  detect(
    images: ImageFile | readonly ImageFile[],
    options: DetectOptions = {},
  ): Promise<DetectionAnswer | AnswerList<DetectionAnswer>> {
    return this.#send('/detect', images, options)
  }

  /** Whether requests can be answered. @throws ServerError of a server that closes; TypeError when there is none */
  async health({ signal }: { signal?: AbortSignal } = {}): Promise<Health> {
    const response = await this.#fetch(`${this.#url}/readyz`, { headers: this.#headers, signal })
    const body = (await response.json().catch(() => undefined)) as { models?: Health['models'] } | undefined
    if (body?.models === undefined) throw errorOf(response, body)
    return { ready: response.ok, models: body.models }
  }

  async #send<T>(
    path: string,
    images: ImageFile | readonly ImageFile[],
    { signal, ...parameters }: RequestOptions & object,
  ): Promise<T> {
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(parameters))
      if (value !== undefined) query.set(name, String(value))
    const several = isList(images)
    const response = await this.#fetch(`${this.#url}${path}?${query}`, {
      method: 'POST',
      headers: { ...this.#headers, ...(!several && { 'Content-Type': 'application/octet-stream' }) },
      body: several ? formOf(images) : (images as Blob),
      signal,
    })
    const answer = await response.json().catch(() => undefined)
    if (!response.ok || answer === undefined) throw errorOf(response, answer)
    return answer as T
  }
}

const isList = (images: ImageFile | readonly ImageFile[]): images is readonly ImageFile[] =>
  Array.isArray(images)

function formOf(images: readonly ImageFile[]): FormData {
  const form = new FormData()
  for (const image of images) form.append('images', new Blob([image as Blob]), 'image')
  return form
}

function errorOf({ status, headers }: Response, body: unknown): ServerError {
  const { detail } = (body ?? {}) as { detail?: unknown }
  const seconds = Number(headers.get('Retry-After') ?? Number.NaN)
  return new ServerError(
    typeof detail === 'string' ? detail : `The server answered with status ${status}, and not with JSON.`,
    status,
    Number.isFinite(seconds) ? seconds : undefined,
    headers.get('X-Request-Id') ?? undefined,
  )
}
