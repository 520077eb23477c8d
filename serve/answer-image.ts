/** What requests of all tasks have in common: one image in, through a model's queue, an answer out. */
import type { Request, RequestHandler, Response } from 'express'
import type * as z from 'zod/mini'
import { chooseModel } from './choose-model.js'
import type { Decoded, Decoders } from './decoders.js'
import type { Budget, UploadBudget } from './held-bytes.js'
import type { DecodedImage, DecodeOptions } from './image.js'
import type { Inference } from './inference.js'
import type { OpenRequests } from './open-requests.js'
import type { CardOf, Outputs, Task } from './outputs.js'
import { overloaded } from './problem.js'
import { addFields, type Query, readParameters, readQuery } from './query.js'
import { isForm, readUpload } from './upload.js'

/** What the handlers of all tasks share. */
export interface ImageService {
  models: ReadonlyMap<string, Inference>
  decoders: Decoders
  requests: OpenRequests
  uploads: UploadBudget
  /** The bytes of drawn answers that are being made or have not been read yet. */
  answers: Budget
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

/** An image, and the model's outputs for it. */
export interface Answered<T extends Task> {
  card: CardOf<T>
  image: DecodedImage
  outputs: Outputs[T]
  /** Milliseconds that each part took, from the request's arrival until now. */
  timings(): Timings
}

/** An SVG to draw over the image; the answer is both as one PNG. */
export interface Overlay {
  overlay: string
}

/** What a task does with a request: which parameters it has beside `model`, and what it answers. */
export interface ImageTask<T extends Task, Options> {
  task: T
  parameters: readonly string[]
  /** The schema of the parameters; built once for each model. */
  options(card: CardOf<T>): z.ZodMiniType<Options>
  resize(card: CardOf<T>): DecodeOptions['resize']
  /** A drawing, or anything else as JSON. */
  answer(answered: Answered<T>, options: Options): Overlay | object
}

/**
 * The handler of a task over the served models.
 *
 * @internal
 */
export function answerImage<T extends Task, Options>(
  imageTask: ImageTask<T, Options>,
  service: ImageService,
): RequestHandler {
  const { models, decoders, requests, uploads, maxBytes, maxPixels } = service
  const known = [...imageTask.parameters, 'model']
  const schemas = new WeakMap<CardOf<T>, z.ZodMiniType<Options>>()
  const choose = (query: Query) => {
    const inference = chooseModel(models, imageTask.task, query.model)
    const { card } = inference
    const schema = schemas.get(card) ?? imageTask.options(card)
    schemas.set(card, schema)
    return { inference, options: readParameters(schema, query) }
  }

  return async (request: Request, response: Response): Promise<void> => {
    const start = performance.now()
    const query = readQuery(request.query, known)
    // A form may carry parameters as fields; all other requests can be refused before their body is read.
    if (!isForm(request)) choose(query).inference.requireRoom()
    const { signal, arrived } = requests.get(response)
    const evicted = new AbortController()
    const held = uploads.open((problem) => evicted.abort(problem))
    try {
      const reading = AbortSignal.any([signal, evicted.signal])
      const { bytes, fields } = await readUpload(request, response, { maxBytes, held, signal: reading })
      held.complete()
      arrived()
      const received = performance.now()
      const { inference, options } = choose(addFields(query, fields, known))
      const { card } = inference
      const reservation = inference.reserve()
      try {
        const resize = imageTask.resize(card)
        const image = await decoders.decode(bytes, { size: card.inputSize, resize, maxPixels }, signal)
        const decoded = performance.now()
        const { outputs, milliseconds } = await reservation.infer(image.pixels, signal)
        const timings = (): Timings => ({
          read: rounded(received - start),
          decode: rounded(decoded - received),
          queue: rounded(milliseconds.queue),
          inference: rounded(milliseconds.inference),
          total: rounded(performance.now() - start),
        })
        const answer = imageTask.answer({ card, image, outputs, timings }, options)
        if ('overlay' in answer) await draw(response, bytes, image, answer.overlay, signal)
        else {
          signal.throwIfAborted()
          response.json(answer)
        }
      } finally {
        reservation.release()
      }
    } finally {
      held.release()
    }
  }

  /** Answers a drawing. Its memory counts from before it is made until it is read. */
  async function draw(
    response: Response,
    bytes: Uint8Array,
    image: Decoded,
    overlay: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { answers } = service
    // The bytes of the pixels: a PNG is smaller, or hardly larger if the image is noise.
    let reserved = image.width * image.height * 3
    if (!answers.reserve(reserved))
      throw overloaded('Too many drawn answers are being made or read; try again in a moment.', 5)
    response.once('close', () => answers.release(reserved))
    const png = await decoders.draw(bytes, { overlay, slow: image.slow, maxPixels }, signal)
    const spare = Math.max(0, reserved - png.length)
    reserved -= spare
    answers.release(spare)
    signal.throwIfAborted()
    response.type('png').send(png)
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
