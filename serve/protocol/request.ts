/** Requests of the Open Inference Protocol: JSON, and binary data behind it, as images. */
import { validate } from '../../src/shared/validation.js'
import { type InferRequest, inferRequest } from './schemas.js'

/** A request that cannot be answered: the client's mistake, in one sentence. */
export class ProtocolError extends Error {
  override name = 'ProtocolError'
  readonly status = 400
}

export interface InferImages {
  request: InferRequest
  /** Files of images, or pixels as the model takes them (uint8, height × width × 3, RGB). One or more. */
  images: Uint8Array[]
  kind: 'files' | 'pixels'
}

export interface InferLimits {
  /** [height, width] of the model's input. */
  inputSize: readonly [number, number]
  maxImages: number
  parseJson(json: Uint8Array): unknown
  fromBase64(value: unknown, name: string): Uint8Array
}

/**
 * @param headerLength Bytes of the JSON, where binary data follow it (`Inference-Header-Content-Length`).
 * @throws ProtocolError, and what the functions of `limits` throw
 */
export function readInferRequest(
  body: Uint8Array,
  headerLength: string | undefined,
  limits: InferLimits,
): InferImages {
  const jsonLength = headerLength === undefined ? body.length : Number(headerLength)
  if (!/^\d+$/.test(headerLength ?? '0') || jsonLength > body.length)
    throw new ProtocolError(
      `The header Inference-Header-Content-Length is not a number of bytes from 0 to the body's ${body.length}.`,
    )
  const request = validate(inferRequest, limits.parseJson(body.subarray(0, jsonLength)), {
    errorOf: (sentence) => new ProtocolError(`${sentence}.`),
  })
  const [{ datatype, shape }] = request.inputs
  const binary = binaryOf(request, body.subarray(jsonLength))
  if (datatype === 'BYTES') {
    const count = requireCount(shape[0], limits.maxImages)
    if (shape.length > 2 || (shape.length === 2 && shape[1] !== 1))
      throw new ProtocolError(`The input of type BYTES must have the shape [N] or [N, 1], not [${shape}].`)
    const images = binary === undefined ? base64Of(request, limits) : splitBytes(binary)
    if (images.length !== count)
      throw new ProtocolError(`The input has ${images.length} elements, but the shape [${shape}].`)
    return { request, images, kind: 'files' }
  }
  const [height, width] = limits.inputSize
  const pixels = height * width * 3
  if (shape.length !== 4 || shape[1] !== height || shape[2] !== width || shape[3] !== 3)
    throw new ProtocolError(
      `The input of type ${datatype} must have the shape [N, ${height}, ${width}, 3], not [${shape}]; ` +
        'image files of any size can be sent as BYTES.',
    )
  const count = requireCount(shape[0], limits.maxImages)
  const values = binary === undefined ? numbersOf(request) : datatype === 'UINT8' ? binary : floatsOf(binary)
  if (values.length !== count * pixels)
    throw new ProtocolError(`The input has ${values.length} elements, but the shape [${shape}].`)
  const all = toPixels(values)
  const images = Array.from({ length: count }, (_, i) => all.subarray(i * pixels, (i + 1) * pixels))
  return { request, images, kind: 'pixels' }
}

function requireCount(count: number, maxImages: number): number {
  if (count >= 1 && count <= maxImages) return count
  throw new ProtocolError(`The input has ${count} images, but a request must have 1 to ${maxImages}.`)
}

/** The bytes behind the JSON that the input says are its own; undefined where its data are in the JSON. */
function binaryOf(
  { inputs: [{ parameters, data }] }: InferRequest,
  rest: Uint8Array,
): Uint8Array | undefined {
  const size = parameters?.binary_data_size
  if ((size === undefined) === (data === undefined))
    throw new ProtocolError('The input must have either "data" or the parameter "binary_data_size".')
  if ((size ?? 0) !== rest.length)
    throw new ProtocolError(
      `The input announces ${JSON.stringify(size ?? 0)} bytes of binary data, but ${rest.length} follow the JSON.`,
    )
  return size === undefined ? undefined : rest
}

const flat = ({ inputs: [{ data }] }: InferRequest): unknown[] => data!.flat(8) as unknown[]

function base64Of(request: InferRequest, { fromBase64, maxImages }: InferLimits): Uint8Array[] {
  const values = flat(request)
  requireCount(values.length, maxImages)
  return values.map((value, at) => fromBase64(value, `"data"[${at}]`))
}

/** Elements of type BYTES: each after its length in four bytes, the lowest first. */
function splitBytes(binary: Uint8Array): Uint8Array[] {
  const view = new DataView(binary.buffer, binary.byteOffset, binary.byteLength)
  const elements: Uint8Array[] = []
  for (let at = 0; at < binary.length; ) {
    const length = at + 4 <= binary.length ? view.getUint32(at, true) : Number.POSITIVE_INFINITY
    if (at + 4 + length > binary.length)
      throw new ProtocolError('The binary data are cut off in the middle of an element.')
    elements.push(binary.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return elements
}

function floatsOf(binary: Uint8Array): Float32Array {
  if (binary.length % 4 !== 0)
    throw new ProtocolError(`The binary data have ${binary.length} bytes, which are no numbers of type FP32.`)
  // A copy, since numbers of four bytes must lie at multiples of four.
  return new Float32Array(new Uint8Array(binary).buffer)
}

function numbersOf(request: InferRequest): number[] {
  const values = flat(request)
  if (!values.every((value) => typeof value === 'number'))
    throw new ProtocolError('The data of the input must be numbers.')
  return values as number[]
}

/** The models take bytes; scaling is part of their graph. */
function toPixels(values: Uint8Array | Float32Array | number[]): Uint8Array {
  if (values instanceof Uint8Array) return values
  const pixels = new Uint8Array(values.length)
  values.forEach((value: number, at: number) => {
    if (!(value >= 0 && value <= 255))
      throw new ProtocolError(
        `The input has the value ${value}, but must have colours from 0 to 255: the model scales them itself.`,
      )
    pixels[at] = Math.round(value)
  })
  return pixels
}
