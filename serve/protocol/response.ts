/** Answers of the Open Inference Protocol, in JSON or with binary data behind it. */
import { ProtocolError } from './request.js'
import { type InferRequest, type InferResponse, VERSION } from './schemas.js'

export interface OutputTensor {
  name: string
  shape: number[]
  data: Float32Array | Int32Array
}

export interface EncodedResponse {
  body: Buffer
  /** Bytes of the JSON, where binary data follow it. */
  headerLength?: number
}

type Encoded = InferResponse['outputs'][number]

/**
 * The outputs that a request asks for, all where it asks for none by name.
 *
 * @param labels Of the classes, for the extension that names the best ones.
 * @throws ProtocolError for an output that is not there, or of which classes cannot be named
 */
export function encodeResponse(
  { id, outputs: wanted, parameters }: InferRequest,
  model: string,
  tensors: readonly OutputTensor[],
  labels: readonly string[],
): EncodedResponse {
  const binaryByDefault = parameters?.binary_data_output === true
  const parts: Buffer[] = []
  const outputs = (wanted ?? tensors).map((output): Encoded => {
    const { name } = output
    const tensor = tensors.find((each) => each.name === name)
    if (tensor === undefined)
      throw new ProtocolError(
        `The model has no output "${name}"; it has ${tensors.map((each) => `"${each.name}"`).join(', ')}.`,
      )
    const settings =
      wanted === undefined ? undefined : (output as { parameters?: Record<string, unknown> }).parameters
    const best = settings?.classification
    const { data, ...head } = best === undefined ? plain(tensor) : classified(tensor, best, labels)
    if (!(settings?.binary_data ?? binaryByDefault))
      return { ...head, data: Array.from<number | string>(data) }
    const binary = bytesOf(data)
    parts.push(binary)
    return { ...head, parameters: { binary_data_size: binary.length } }
  })
  const response = { model_name: model, model_version: VERSION, ...(id !== undefined && { id }), outputs }
  const json = Buffer.from(JSON.stringify(response satisfies InferResponse))
  if (parts.length === 0) return { body: json }
  return { body: Buffer.concat([json, ...parts]), headerLength: json.length }
}

type Values = { name: string; shape: number[]; datatype: Encoded['datatype'] } & {
  data: Float32Array | Int32Array | string[]
}

const plain = ({ name, shape, data }: OutputTensor): Values => ({
  name,
  datatype: data instanceof Float32Array ? 'FP32' : 'INT32',
  shape,
  data,
})

/** The extension for classification: of each row the `count` best, as "value:index:label". */
function classified({ name, shape, data }: OutputTensor, count: unknown, labels: readonly string[]): Values {
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1)
    throw new ProtocolError(
      'The parameter "classification" of an output must be a whole number of 1 or more.',
    )
  if (shape.length !== 2 || shape[1] !== labels.length)
    throw new ProtocolError(`The output "${name}" has no classes that could be named.`)
  const best = Math.min(count, labels.length)
  const texts = Array.from({ length: shape[0] }, (_, row) => {
    const scores = Array.from(
      data.subarray(row * labels.length, (row + 1) * labels.length),
      (score, index) => ({
        score,
        index,
      }),
    )
    return scores
      .sort((a, b) => b.score - a.score)
      .slice(0, best)
      .map(({ score, index }) => `${score.toFixed(6)}:${index}:${labels[index]}`)
  })
  return { name, datatype: 'BYTES', shape: [shape[0], best], data: texts.flat() }
}

function bytesOf(data: Values['data']): Buffer {
  if (!Array.isArray(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return Buffer.concat(
    data.flatMap((text) => {
      const bytes = Buffer.from(text)
      const length = Buffer.alloc(4)
      length.writeUInt32LE(bytes.length)
      return [length, bytes]
    }),
  )
}
