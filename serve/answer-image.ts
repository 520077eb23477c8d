/** What requests of all tasks have in common: images in, through a model's queue, answers out. */
import type { Request, RequestHandler, Response } from 'express'
import { chooseModel } from './choose-model.js'
import { computeAll } from './compute-all.js'
import type { Decoded, Decoders } from './decoders.js'
import type { Budget, UploadBudget } from './held-bytes.js'
import type { DecodedImage, DecodeOptions } from './image.js'
import type { Inference, Reservation } from './inference.js'
import type { ServeObserver } from './metrics/observer.js'
import type { OpenRequests } from './open-requests.js'
import type { CardOf, Outputs, Task } from './outputs.js'
import { overloaded, Problem } from './problem.js'
import { addFields, type ParametersSchema, type Query, readParameters, readQuery } from './query.js'
import { receive } from './receive.js'
import { type BodyOptions, mayHaveFields, readUpload } from './upload.js'

/** What the handlers of all tasks share. */
export interface ImageService {
  models: ReadonlyMap<string, Inference>
  decoders: Decoders
  requests: OpenRequests
  uploads: UploadBudget
  /** The bytes of drawn answers that are being made or have not been read yet. */
  answers: Budget
  observer: ServeObserver
  /** Bytes of all images of one request together. */
  maxBytes: number
  maxPixels: number
  /** Images of one request. */
  maxImages: number
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
  options(card: CardOf<T>): ParametersSchema<Options>
  resize(card: CardOf<T>): DecodeOptions['resize']
  /** A drawing, or anything else as JSON. */
  answer(answered: Answered<T>, options: Options): Overlay | object
}

/** One image's way through decoder and model. */
export interface ComputedImage<T extends Task> {
  image: Decoded
  outputs: Outputs[T]
  /** Milliseconds. */
  decode: number
  queue: number
  inference: number
}

/** Decodes an image and computes it. @throws Problem as `Decoders.decode` and `Reservation.infer` do */
export async function computeImage<T extends Task>(
  { decoders, maxPixels, observer }: ImageService,
  { card, bytes, resize }: { card: CardOf<T>; bytes: Uint8Array; resize: DecodeOptions['resize'] },
  reservation: Reservation<T>,
  signal: AbortSignal,
): Promise<ComputedImage<T>> {
  const start = performance.now()
  const image = await decoders.decode(bytes, { size: card.inputSize, resize, maxPixels }, signal)
  const decode = performance.now() - start
  observer.decodeSeconds(decode / 1000)
  const { outputs, milliseconds } = await reservation.infer(image.pixels, signal)
  return { image, outputs, decode, ...milliseconds }
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
  const { models, decoders, maxBytes, maxPixels, maxImages } = service
  const known = [...imageTask.parameters, 'model']
  const schemas = new WeakMap<CardOf<T>, ParametersSchema<Options>>()
  const choose = (query: Query) => {
    const inference = chooseModel(models, imageTask.task, query.model as string | undefined)
    const { card } = inference
    const schema = schemas.get(card) ?? imageTask.options(card)
    schemas.set(card, schema)
    return { inference, options: readParameters(schema, query) }
  }

  return async (request: Request, response: Response): Promise<void> => {
    const start = performance.now()
    const query = readQuery(request.query, known)
    // A body may carry parameters; all other requests can be refused before it is read.
    if (!mayHaveFields(request)) choose(query).inference.requireRoom()
    const reading = (options: BodyOptions) =>
      readUpload(request, response, { maxBytes, maxImages, ...options })
    await receive(service, response, reading, async ({ images, several, fields }, signal) => {
      const read = performance.now() - start
      const { inference, options } = choose(addFields(query, fields, known))
      const { card } = inference
      const resize = imageTask.resize(card)
      const computed = await computeAll(inference, images.length, signal, (reservation, index, either) =>
        computeImage(service, { card, bytes: images[index], resize }, reservation, either),
      )
      const longest = (part: 'decode' | 'queue' | 'inference') =>
        rounded(Math.max(...computed.map((each) => each[part])))
      const timings = (): Timings => ({
        read: rounded(read),
        decode: longest('decode'),
        queue: longest('queue'),
        inference: longest('inference'),
        total: rounded(performance.now() - start),
      })
      const answers = computed.map(({ image, outputs }) =>
        imageTask.answer({ card, image, outputs, timings }, options),
      )
      const [answer] = answers
      if ('overlay' in answer) {
        if (several) throw new Problem(400, 'A drawing is of one image; send it as "image".')
        await draw(response, images[0], computed[0].image, answer.overlay, signal)
        return
      }
      signal.throwIfAborted()
      response.json(several ? listOf(answers, timings()) : answer)
    })
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

/** The answers to several images: what is the same for all is said once. */
function listOf(answers: readonly object[], milliseconds: Timings): object {
  const results = answers.map((answer) => {
    const { model, milliseconds: _, ...result } = answer as Record<string, unknown>
    return result
  })
  return { model: (answers[0] as { model: string }).model, results, milliseconds }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
