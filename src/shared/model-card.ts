/**
 * The model card: what an exported `model.onnx` says about itself in its `metadata_props`, so that the
 * file needs nothing beside it. The exporter writes it, the server and the commands read it; neither
 * has to know the other.
 */
import { type FileHandle, open } from 'node:fs/promises'
import protobuf from 'protobufjs/minimal.js'
import * as z from 'zod/mini'
import { PREPROCESSINGS } from './classifier-input.js'
import { RESIZE_MODES } from './detector-input.js'
import { UserError } from './errors.js'
import { CHECKSUM_KEY, type ChecksumClaim, verifyChecksum } from './model-checksum.js'
import { assertSoundWeights } from './model-weights.js'
import { type ByteSource, type Field, fieldsOf, inFile, inMemory } from './onnx-fields.js'
import { type Path, rule, validate, wholeNumber } from './validation.js'

const anyCard = {
  /** Short name shown to people and answered by the server, for example `nasnet-a-2x192`. */
  name: z.string(),
  /** One label for each class, in the order of the output's last axis. */
  labels: z.array(z.string('a text')),
  /** What the graph's `images` input takes: [height, width] in pixels (uint8, N×H×W×3, RGB). */
  inputSize: z.tuple([wholeNumber(1), wholeNumber(1)]),
  /** Anything else worth carrying: genotype, training data, metrics, provenance. JSON values. */
  about: z.record(z.string(), z.unknown()),
}

/** Output `probabilities`: float32, N × labels. */
const classifierCard = z.strictObject({
  task: z.literal('classification'),
  ...anyCard,
  /** How an image of any size is brought to the input's. Missing, as in older files: `cover`. */
  preprocessing: z.optional(z.enum(PREPROCESSINGS)),
})
export type ClassifierCard = z.infer<typeof classifierCard>

/**
 * Input `images` takes one image, 1×H×W×3. Outputs, with a fixed number D of rows, the highest score first:
 * `boxes` float32 1×D×4 ([x1, y1, x2, y2] in pixels of the input), `scores` float32 1×D in [0, 1], `classes`
 * int32 1×D (index into `labels`). Rows beyond what was found have score 0.
 */
const detectorCard = z
  .strictObject({
    task: z.literal('detection'),
    ...anyCard,
    /** The data set's own id of each label. */
    categoryIds: z.array(wholeNumber(Number.MIN_SAFE_INTEGER)),
    /** How an image of any size is brought to the input's: see `fitImage`. */
    resize: z.enum(RESIZE_MODES),
  })
  .check(
    rule(({ labels, categoryIds }, refuse) => {
      if (categoryIds.length !== labels.length)
        refuse(
          ['categoryIds'],
          `has ${categoryIds.length} entries, but must have one for each of ${labels.length} labels`,
        )
    }),
  )
export type DetectorCard = z.infer<typeof detectorCard>

const modelCard = z.discriminatedUnion('task', [classifierCard, detectorCard])
export type ModelCard = z.infer<typeof modelCard>

/** The fields of a card that have a key of their own in the metadata; all else lies below `about.`. */
const KEYS = {
  task: 'task',
  name: 'name',
  labels: 'labels',
  inputSize: 'input_size',
  preprocessing: 'preprocessing',
  categoryIds: 'category_ids',
  resize: 'resize',
} as const

/** Fields of one task alone. */
const TASK_OF: Partial<Record<string, ModelCard['task']>> = {
  preprocessing: 'classification',
  categoryIds: 'detection',
  resize: 'detection',
}

/** Fields whose value in the metadata is JSON. */
const JSON_FIELDS: ReadonlySet<string> = new Set(['labels', 'inputSize', 'categoryIds'])

/**
 * The card as `metadata_props`: one readable key for each field, as Netron shows them. Throws a `UserError` for a card
 * that could not be read from them again.
 */
export function cardToMetadata(card: ModelCard): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const [field, key] of Object.entries(KEYS)) {
    const value = (card as Partial<Record<string, unknown>>)[field]
    if (value !== undefined) metadata[key] = JSON_FIELDS.has(field) ? JSON.stringify(value) : String(value)
  }
  for (const [key, value] of Object.entries(card.about)) metadata[`about.${key}`] = JSON.stringify(value)
  try {
    cardFromMetadata(metadata)
  } catch (error) {
    throw new UserError(`The model's card could not be read again: ${(error as Error).message}`, {
      cause: error,
    })
  }
  return metadata
}

/** The inverse of {@link cardToMetadata}. Throws a `UserError` that names the missing or malformed field. */
export function cardFromMetadata(metadata: Record<string, string>): ModelCard {
  const parsed = (key: string): unknown => {
    try {
      return JSON.parse(metadata[key])
    } catch (error) {
      throw new UserError(`its metadata "${key}" is not JSON: ${(error as Error).message}`, { cause: error })
    }
  }
  const about: Record<string, unknown> = {}
  for (const key of Object.keys(metadata)) if (key.startsWith('about.')) about[key.slice(6)] = parsed(key)
  const fields: Record<string, unknown> = { about }
  for (const [field, key] of Object.entries(KEYS)) {
    if (TASK_OF[field] !== undefined && TASK_OF[field] !== metadata.task) continue
    if (metadata[key] === undefined && field === 'preprocessing') continue
    if (metadata[key] === undefined)
      throw new UserError(`it carries no "${key}" in its metadata; export it with "toolkit export"`)
    fields[field] = JSON_FIELDS.has(field) ? parsed(key) : metadata[key]
  }
  return validate(modelCard, fields, { nameOf: inMetadata })
}

/** Names of a card's fields as the metadata has them: `its metadata "input_size"[0]`. */
function inMetadata([field, ...below]: Path): string {
  const key = KEYS[field as keyof typeof KEYS] ?? String(field)
  return `its metadata "${key}"${below.map((at) => `[${String(at)}]`).join('')}`
}

/** The fields of ONNX's ModelProto (onnx.proto); any other number means that the file is something else. */
const modelFields = new Set([1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26])
const producerField = 2
const descriptionField = 6
const graphField = 7
const metadataField = 14
/** What this project's exporter writes as the producer. */
const ownProducer = 'nasnet-toolkit'

/** A model file that was read once, whole: what was verified is what a session is opened with. */
export interface ModelFile {
  card: ModelCard
  /** The file's bytes. */
  bytes: Uint8Array
  /**
   * True: the file has a checksum, and it fits. False: it has none, since another program or an earlier version wrote
   * it, and most damage would not be noticed.
   */
  verified: boolean
}

/**
 * Reads an ONNX file into memory and verifies it.
 *
 * @throws UserError naming the file when it is missing, unreadable, no ONNX file, cut off, not as it was exported, or
 *   has no card
 */
export async function readModel(path: string): Promise<ModelFile> {
  const bytes = await withFile(path, async (file) => {
    const { size, read } = await inFile(file)
    return read(0, size)
  })
  return { ...(await naming(path, () => readVerified(inMemory(bytes)))), bytes }
}

/**
 * Reads the card from an ONNX file and verifies the file, in constant memory. Whoever goes on to load the model uses
 * {@link readModel}: the file may be replaced between the two.
 *
 * @throws UserError as {@link readModel} does
 */
export async function readModelCard(path: string): Promise<ModelCard> {
  return withFile(path, async (file) => (await readVerified(await inFile(file))).card)
}

/** Runs `use` on the opened file; errors of either name the file. */
async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle
  try {
    file = await open(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'no permission' : message
    throw new UserError(`Cannot read the model ${path}: ${reason}`, { cause: error })
  }
  try {
    return await naming(path, async () => {
      if (!(await file.stat()).isFile()) throw new Error('it is not a file; give the path of a model.onnx')
      return use(file)
    })
  } finally {
    await file.close()
  }
}

async function naming<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw new UserError(`Cannot read the model ${path}: ${(error as Error).message}`, { cause: error })
  }
}

async function readVerified(source: ByteSource): Promise<{ card: ModelCard; verified: boolean }> {
  const { metadata, producer, graph, ...claim } = await readOutline(source)
  const verified = await verifyChecksum(source, claim)
  if (!verified && producer === ownProducer) await assertSoundWeights(source, graph)
  return { card: cardFromMetadata(metadata), verified }
}

interface Outline extends ChecksumClaim {
  metadata: Record<string, string>
  producer: string
  graph: Field
}

/** Walks the top-level fields of a ModelProto, stepping over all that says nothing about the file itself. */
async function readOutline(source: ByteSource): Promise<Outline> {
  const metadata: Record<string, string> = {}
  const checksums: ChecksumClaim['checksums'] = []
  let producer = ''
  let description = ''
  let graph: Field | null = null
  const contents = async ({ begin, end }: Field) => Buffer.from(await source.read(begin, end - begin))
  for await (const field of fieldsOf(source, 0, source.size)) {
    const { number, wireType, end } = field
    if (!modelFields.has(number) || (wireType !== 0 && wireType !== 2))
      throw new Error('it is not an ONNX file')
    if (wireType === 0) continue
    if (number === producerField) producer = (await contents(field)).toString('utf8')
    if (number === descriptionField) description = (await contents(field)).toString('utf8')
    if (number === graphField) graph = field
    if (number === metadataField) {
      const [key, value] = readEntry(await contents(field))
      if (key === CHECKSUM_KEY) checksums.push({ value, end })
      metadata[key] = value
    }
  }
  if (graph === null)
    throw new Error('it is not a complete ONNX file (it holds no graph); copy or export it again')
  return { metadata, checksums, producer, description, graph }
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
