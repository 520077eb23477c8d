/**
 * The model card: what an exported `model.onnx` says about itself in its `metadata_props`, so that the
 * file needs nothing beside it. The exporter writes it, the server and the commands read it; neither
 * has to know the other.
 */
import { type FileHandle, open } from 'node:fs/promises'
import protobuf from 'protobufjs/minimal.js'
import { RESIZE_MODES, type ResizeMode } from './detector-input.js'
import { UserError } from './errors.js'

interface AnyCard {
  /** Short name shown to people and answered by the server, for example `nasnet-a-2x192`. */
  name: string
  /** One label for each class, in the order of the output's last axis. */
  labels: string[]
  /** What the graph's `images` input takes: [height, width] in pixels (uint8, N×H×W×3, RGB). */
  inputSize: [number, number]
  /** Anything else worth carrying: genotype, training data, metrics, provenance. JSON values. */
  about: Record<string, unknown>
}

/** Output `probabilities`: float32, N × labels. */
export interface ClassifierCard extends AnyCard {
  task: 'classification'
}

/**
 * Input `images` takes one image, 1×H×W×3. Outputs, with a fixed number D of rows, the highest score first:
 * `boxes` float32 1×D×4 ([x1, y1, x2, y2] in pixels of the input), `scores` float32 1×D in [0, 1], `classes`
 * int32 1×D (index into `labels`). Rows beyond what was found have score 0.
 */
export interface DetectorCard extends AnyCard {
  task: 'detection'
  /** The data set's own id of each label. */
  categoryIds: number[]
  /** How an image of any size is brought to the input's: see `fitImage`. */
  resize: ResizeMode
}

export type ModelCard = ClassifierCard | DetectorCard

/** The card as `metadata_props`: one readable key for each field, as Netron shows them. */
export function cardToMetadata(card: ModelCard): Record<string, string> {
  const metadata: Record<string, string> = {
    task: card.task,
    name: card.name,
    labels: JSON.stringify(card.labels),
    input_size: JSON.stringify(card.inputSize),
  }
  if (card.task === 'detection') {
    metadata.category_ids = JSON.stringify(card.categoryIds)
    metadata.resize = card.resize
  }
  for (const [key, value] of Object.entries(card.about)) metadata[`about.${key}`] = JSON.stringify(value)
  return metadata
}

/** The inverse of {@link cardToMetadata}. Throws an error that names the missing or malformed field. */
export function cardFromMetadata(metadata: Record<string, string>): ModelCard {
  const field = (key: string): string => {
    const value = metadata[key]
    if (value === undefined)
      throw new Error(`it carries no "${key}" in its metadata; export it with "toolkit export"`)
    return value
  }
  const json = (key: string): unknown => {
    try {
      return JSON.parse(field(key))
    } catch (error) {
      if (error instanceof SyntaxError) throw new Error(`its metadata "${key}" is not JSON: ${error.message}`)
      throw error
    }
  }
  const task = field('task')
  if (task !== 'classification' && task !== 'detection') throw new Error(`its task "${task}" is unknown`)
  const labels = json('labels')
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === 'string'))
    throw new Error('its metadata "labels" is not a list of strings')
  const size = json('input_size')
  if (!Array.isArray(size) || size.length !== 2 || !size.every((side) => Number.isInteger(side) && side > 0))
    throw new Error('its metadata "input_size" is not two positive integers')
  const about: Record<string, unknown> = {}
  for (const key of Object.keys(metadata)) if (key.startsWith('about.')) about[key.slice(6)] = json(key)
  const card: AnyCard = { name: field('name'), labels, inputSize: [size[0], size[1]], about }
  if (task === 'classification') return { task, ...card }
  const categoryIds = json('category_ids')
  if (
    !Array.isArray(categoryIds) ||
    categoryIds.length !== labels.length ||
    !categoryIds.every(Number.isInteger)
  )
    throw new Error('its metadata "category_ids" is not one whole number for each label')
  const resize = RESIZE_MODES.find((mode) => mode === field('resize'))
  if (resize === undefined) throw new Error(`its metadata "resize" is not one of ${RESIZE_MODES.join(', ')}`)
  return { task, ...card, categoryIds, resize }
}

/** The fields of ONNX's ModelProto (onnx.proto); any other number means that the file is something else. */
const modelFields = new Set([1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26])
const graphField = 7
const metadataField = 14
/** A tag and a length or number behind it: at most 5 + 10 bytes of protobuf varints. */
const headBytes = 16

/**
 * Reads the card from an ONNX file. Only the few bytes around the top-level fields are read: a file with
 * gigabytes of weights costs as little as a small one.
 *
 * @throws UserError naming the file when it is missing, unreadable, no ONNX file, cut off, or has no card
 */
export async function readModelCard(path: string): Promise<ModelCard> {
  let file: FileHandle
  try {
    file = await open(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'no permission' : message
    throw new UserError(`Cannot read the model ${path}: ${reason}`, { cause: error })
  }
  try {
    if (!(await file.stat()).isFile()) throw new Error('it is not a file; give the path of a model.onnx')
    return cardFromMetadata(await readMetadata(file))
  } catch (error) {
    throw new UserError(`Cannot read the model ${path}: ${(error as Error).message}`, { cause: error })
  } finally {
    await file.close()
  }
}

/** Walks the top-level fields of a ModelProto and collects `metadata_props`, stepping over all others. */
async function readMetadata(file: FileHandle): Promise<Record<string, string>> {
  const { size } = await file.stat()
  const metadata: Record<string, string> = {}
  let sawGraph = false
  for (let position = 0; position < size; ) {
    const head = await readBytes(file, position, Math.min(headBytes, size - position))
    const field = readFieldHead(head)
    position += field.headLength
    if (position + field.length > size)
      throw new Error('it is cut off, or not an ONNX file; copy or export it again')
    if (field.number === graphField) sawGraph = true
    if (field.number === metadataField) {
      const [key, value] = readEntry(await readBytes(file, position, field.length))
      metadata[key] = value
    }
    position += field.length
  }
  if (!sawGraph)
    throw new Error('it is not a complete ONNX file (it holds no graph); copy or export it again')
  return metadata
}

/** Number and extent of the field that starts at the first byte of `head`. */
function readFieldHead(head: Uint8Array): { number: number; headLength: number; length: number } {
  const reader = protobuf.Reader.create(head)
  try {
    const tag = reader.uint32()
    const number = tag >>> 3
    const wireType = tag & 7
    if (modelFields.has(number) && (wireType === 0 || wireType === 2)) {
      if (wireType === 0) reader.skipType(0)
      const length = wireType === 2 ? reader.uint32() : 0
      return { number, headLength: reader.pos, length }
    }
  } catch (error) {
    throw new Error('it is cut off, or not an ONNX file; copy or export it again', { cause: error })
  }
  throw new Error('it is not an ONNX file')
}

/** One StringStringEntryProto: key = 1, value = 2. */
function readEntry(bytes: Uint8Array): [key: string, value: string] {
  const reader = protobuf.Reader.create(bytes)
  const texts = ['', '']
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32()
      if (tag === 10 || tag === 18) texts[(tag >>> 3) - 1] = reader.string()
      else reader.skipType(tag & 7)
    }
  } catch (error) {
    throw new Error('its metadata is damaged; copy or export it again', { cause: error })
  }
  return [texts[0], texts[1]]
}

async function readBytes(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  for (let read = 0; read < length; ) {
    const { bytesRead } = await file.read(bytes, read, length - read, position + read)
    if (bytesRead === 0) throw new Error('it became shorter while it was read')
    read += bytesRead
  }
  return bytes
}
