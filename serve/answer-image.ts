/** What requests of all tasks have in common: one picture in, through a model's queue, an answer out. */
import type { Request, RequestHandler, Response } from 'express'
import { chooseModel } from './choose-model.js'
import { type DecodedImage, type DecodeOptions, decodeImage } from './image.js'
import type { Inference } from './inference.js'
import type { CardOf, Outputs, Task } from './outputs.js'
import { ClientGone } from './problem.js'
import { type Query, readQuery } from './query.js'
import { readUpload } from './upload.js'

export interface UploadLimits {
  maxBytes: number
  maxPixels: number
}

export interface Timings {
  read: number
  decode: number
  queue: number
  inference: number
  total: number
}

/** A picture that a model has answered. */
export interface Answered<T extends Task> {
  card: CardOf<T>
  /** The file as it was sent. */
  bytes: Uint8Array
  image: DecodedImage
  outputs: Outputs[T]
  maxPixels: number
  /** Milliseconds that each part took, from the request's arrival until now. */
  timings(): Timings
}

/** What a task does with a request: which parameters it takes beside `model`, and what it answers. */
export interface ImageTask<T extends Task, Options> {
  task: T
  parameters: readonly string[]
  /** @throws Problem 400 */
  readOptions(query: Query, card: CardOf<T>): Options
  resize(card: CardOf<T>): DecodeOptions['resize']
  /** A picture as PNG, or anything else as JSON. */
  answer(answered: Answered<T>, options: Options): Promise<Buffer> | object
}

/** The handler of a task over the served models. */
export function answerImage<T extends Task, Options>(
  imageTask: ImageTask<T, Options>,
  models: ReadonlyMap<string, Inference>,
  { maxBytes, maxPixels }: UploadLimits,
): RequestHandler {
  return async (request: Request, response: Response): Promise<void> => {
    const start = performance.now()
    const query = readQuery(request.query, [...imageTask.parameters, 'model'])
    const inference = chooseModel(models, imageTask.task, query.model)
    const { card } = inference
    const options = imageTask.readOptions(query, card)
    const signal = abortedBy(response)

    const bytes = await readUpload(request, response, maxBytes)
    const received = performance.now()
    const place = inference.enter()
    try {
      const resize = imageTask.resize(card)
      const image = await decodeImage(bytes, { size: card.inputSize, resize, maxPixels })
      const decoded = performance.now()
      const { outputs, milliseconds } = await place.infer(image.pixels, signal)
      const timings = (): Timings => ({
        read: rounded(received - start),
        decode: rounded(decoded - received),
        queue: rounded(milliseconds.queue),
        inference: rounded(milliseconds.inference),
        total: rounded(performance.now() - start),
      })
      signal.throwIfAborted()
      const answer = await imageTask.answer({ card, bytes, image, outputs, maxPixels, timings }, options)
      if (Buffer.isBuffer(answer)) response.type('png').send(answer)
      else response.json(answer)
    } finally {
      place.leave()
    }
  }
}

/** Fires when the connection closes before the response is through. */
function abortedBy(response: Response): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new ClientGone())
  })
  return controller.signal
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
