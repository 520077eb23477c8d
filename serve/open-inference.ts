/**
 * The Open Inference Protocol (KServe's version 2) below `/v2`, for clients that were made for KServe, Triton and
 * others. A model has one input, `images`: files of images as BYTES, or pixels of the model's size as UINT8 or FP32.
 */
import type { Request, RequestHandler, Response } from 'express'
import { boxInImage, fitImage } from '../src/shared/detector-input.js'
import { packageVersion } from '../src/shared/package-root.js'
import { computeImage, type ImageService } from './answer-image.js'
import type { Methods } from './by-method.js'
import { computeAll } from './compute-all.js'
import { areReady } from './health.js'
import type { Inference } from './inference.js'
import type { CardOf, Outputs, Task } from './outputs.js'
import { Problem } from './problem.js'
import { type InferImages, readInferRequest } from './protocol/request.js'
import { encodeResponse, type OutputTensor } from './protocol/response.js'
import { INPUT, type ModelMetadata, VERSION } from './protocol/schemas.js'
import { fromBase64, parseJson } from './read-json.js'
import { receive } from './receive.js'
import { type BodyOptions, contentType, jsonLimit, readBody } from './upload.js'

/** Lists and values of a request beside its pixels, at most. */
const otherValues = 10_000

/** A model's outputs for one image, with the size of the image that boxes are in: the sent file's, or the input's. */
interface Computed {
  outputs: Outputs[Task]
  size: { width: number; height: number }
}

/**
 * The routes of the protocol.
 *
 * @internal
 */
export function openInferenceRoutes(service: ImageService): Record<string, Methods> {
  const { models } = service
  const named = ({ params }: Request): Inference => {
    const { name, version = VERSION } = params as Record<string, string>
    const model = models.get(name)
    if (model === undefined)
      throw new Problem(404, `There is no model "${name}"; there are ${[...models.keys()].join(', ')}.`)
    if (version !== VERSION)
      throw new Problem(404, `The model "${name}" has no version "${version}"; it has ${VERSION}.`)
    return model
  }
  const answer =
    (status: (request: Request) => [ready: boolean, body: object]): RequestHandler =>
    (request, response) => {
      const [ready, body] = status(request)
      response.status(ready ? 200 : 503).json(body)
    }
  const ofModel = (path: string): Record<string, Methods> => ({
    [path]: { GET: (request, response) => void response.json(metadataOf(named(request).card)) },
    [`${path}/ready`]: {
      GET: answer((request) => {
        const model = named(request)
        const ready = model.isReady()
        return [ready, { name: model.card.name, ready }]
      }),
    },
    [`${path}/infer`]: { POST: (request, response) => infer(service, named(request), request, response) },
  })
  return {
    '/v2': { GET: (_request, response) => void response.json(serverMetadata()) },
    '/v2/health/live': { GET: answer(() => [true, { live: true }]) },
    '/v2/health/ready': {
      GET: answer(() => {
        const ready = areReady(models)
        return [ready, { ready }]
      }),
    },
    ...ofModel('/v2/models/:name'),
    ...ofModel('/v2/models/:name/versions/:version'),
  }
}

const serverMetadata = () => ({
  name: 'nasnet-toolkit',
  version: packageVersion(),
  extensions: ['binary_tensor_data', 'classification'],
})

function metadataOf(card: CardOf<Task>): ModelMetadata {
  const outputs =
    card.task === 'classification'
      ? [{ name: 'probabilities', datatype: 'FP32', shape: [-1, card.labels.length] }]
      : [
          { name: 'boxes', datatype: 'FP32', shape: [-1, -1, 4] },
          { name: 'scores', datatype: 'FP32', shape: [-1, -1] },
          { name: 'classes', datatype: 'INT32', shape: [-1, -1] },
        ]
  return {
    name: card.name,
    versions: [VERSION],
    platform: 'onnxruntime_onnx',
    inputs: [{ name: INPUT, datatype: 'UINT8', shape: [-1, ...card.inputSize, 3] }],
    outputs,
  }
}

async function infer(
  service: ImageService,
  inference: Inference,
  request: Request,
  response: Response,
): Promise<void> {
  const { maxBytes, maxImages } = service
  const { card } = inference
  inference.requireRoom()
  const type = contentType(request)
  if (!['', 'application/json', 'application/octet-stream'].includes(type))
    throw new Problem(
      415,
      `The content type ${type} is not accepted; send application/json, or application/octet-stream.`,
    )
  const limit = jsonLimit(maxBytes)
  const tooLarge = () => new Problem(413, `The request has more than ${limit} bytes, which is the limit.`)
  const reading = (options: BodyOptions) => readBody(request, response, { limit, tooLarge, ...options })
  await receive(service, response, reading, async (body, signal) => {
    const [height, width] = card.inputSize
    const sent = readInferRequest(body, request.get('Inference-Header-Content-Length'), {
      inputSize: card.inputSize,
      maxImages,
      parseJson: (json) => parseJson(json, maxImages * height * width * 3 + otherValues),
      fromBase64,
    })
    const computed = await computeSent(service, inference, sent, signal)
    const tensors = tensorsOf(card, computed)
    const { body: answer, headerLength } = encodeResponse(sent.request, card.name, tensors, card.labels)
    signal.throwIfAborted()
    if (headerLength !== undefined) response.set('Inference-Header-Content-Length', String(headerLength))
    response.type(headerLength === undefined ? 'json' : 'application/octet-stream').send(answer)
  })
}

function computeSent(
  service: ImageService,
  inference: Inference,
  { images, kind }: InferImages,
  signal: AbortSignal,
): Promise<Computed[]> {
  const { card } = inference
  const [height, width] = card.inputSize
  const resize = card.task === 'detection' ? card.resize : (card.preprocessing ?? 'cover')
  return computeAll(inference, images.length, signal, async (reservation, index, either) => {
    if (kind === 'files') {
      const image = { card, bytes: images[index], resize }
      const { image: size, outputs } = await computeImage(service, image, reservation, either)
      return { outputs, size }
    }
    const { outputs } = await reservation.infer(images[index], either)
    return { outputs, size: { width, height } }
  })
}

/** The outputs of all images, one behind the other. */
function tensorsOf(card: CardOf<Task>, computed: readonly Computed[]): OutputTensor[] {
  const count = computed.length
  if (card.task === 'classification') {
    const all = computed.map(({ outputs }) => (outputs as Outputs['classification']).probabilities)
    return [{ name: 'probabilities', shape: [count, card.labels.length], data: floats(all) }]
  }
  const all = computed.map(({ outputs }) => outputs as Outputs['detection'])
  const rows = all[0].scores.length
  const boxes = computed.map(({ size }, i) => boxesIn(card, all[i].boxes, size))
  return [
    { name: 'boxes', shape: [count, rows, 4], data: floats(boxes) },
    { name: 'scores', shape: [count, rows], data: floats(all.map(({ scores }) => scores)) },
    {
      name: 'classes',
      shape: [count, rows],
      data: Int32Array.from(all.flatMap(({ classes }) => Array.from(classes))),
    },
  ]
}

const floats = (parts: readonly Float32Array[]): Float32Array =>
  Float32Array.from(parts.flatMap((part) => Array.from(part)))

/** Corners [x1, y1, x2, y2] in pixels of the image that was sent, within it. */
function boxesIn(
  { resize, inputSize }: CardOf<'detection'>,
  boxes: Float32Array,
  { width, height }: { width: number; height: number },
): Float32Array {
  const fit = fitImage(resize, inputSize, width, height)
  const placed = new Float32Array(boxes.length)
  for (let row = 0; row < boxes.length; row += 4) {
    const [x, y, w, h] = boxInImage(boxes.subarray(row, row + 4), fit, width, height)
    placed.set([x, y, x + w, y + h], row)
  }
  return placed
}
