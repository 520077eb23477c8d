/** Reads an exported `model.onnx` and its card, and verifies that the file is as it was written. */
import { type FileHandle, open } from 'node:fs/promises'
import protobuf from 'protobufjs/minimal.js'
import { UserError } from './errors.js'
import { cardFromMetadata, type ModelCard } from './model-card.js'
import { CHECKSUM_KEY, type ChecksumClaim, verifyChecksum } from './model-checksum.js'
import { assertSoundWeights } from './model-weights.js'
import { type ByteSource, type Field, fieldsOf, inFile, inMemory } from './onnx-fields.js'

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
