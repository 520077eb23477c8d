/**
 * Reads where the images of a WebDataset shard lie, and their labels. A sample is the members of one key, which is their
 * path up to the first dot of its last part (webdataset's `base_plus_ext`).
 */
import { grouped } from '../../src/shared/text.js'
import { DatasetError } from '../files/errors.js'
import { isImageName, isSystemName } from '../files/image-files.js'
import { listed } from '../files/left-out.js'
import { type FileWindow, openWindow } from './file-window.js'
import { type FoundImage, type IndexOptions, type TarIndex, tarImages } from './tar-images.js'
import { type TarMember, tarMembers } from './tar-members.js'

/**
 * Members that may hold the label, the surest first: text of one whole number, or JSON with one of `labelFields`. A `.txt` is
 * a caption as often as a label, and is believed when it is a number.
 */
const labelEndings = ['cls', 'cls.txt', 'json', 'txt'] as const
type LabelEnding = (typeof labelEndings)[number]
const labelFields = ['label', 'cls', 'class_id'] as const

/** Longer members are not read for a label. */
const MAX_LABEL_BYTES = 2 ** 20

interface Sample {
  image?: FoundImage
  /** The label, by what held it. */
  label?: number
  ending?: LabelEnding
  /** A member, for messages. */
  member: string
}

/**
 * @throws DatasetError that names the shard and the member: a damaged shard, two images for one key, an image without a
 * label, a label that is not a whole number of 0 or more, no image at all
 */
export async function indexShard(path: string, options: IndexOptions = {}): Promise<TarIndex> {
  const window = await openWindow(path)
  try {
    const samples = await readSamples(window, options)
    const images: FoundImage[] = []
    const without: string[] = []
    for (const { image, label, member } of samples) {
      if (image === undefined) without.push(member)
      else if (label === undefined) throw noLabel(path, image.name)
      else images.push({ ...image, label })
    }
    if (images.length === 0) throw noImages(path, without)
    // Their order in the file, so that a shard is read from front to back.
    images.sort((a, b) => a.offset - b.offset)
    return { parts: [{ name: '', images: tarImages(images) }], notes: withoutImage(path, without) }
  } finally {
    await window.close()
  }
}

async function readSamples(window: FileWindow, { signal, onBytes }: IndexOptions): Promise<Iterable<Sample>> {
  const samples = new Map<string, Sample>()
  const sampleOf = (key: string, member: string): Sample => {
    const known = samples.get(key) ?? { member }
    samples.set(key, known)
    return known
  }
  for await (const member of tarMembers(window)) {
    signal?.throwIfAborted()
    onBytes?.(member.offset + member.bytes)
    const parsed = keyAndEnding(member.name)
    if (parsed === null) continue
    const { key, ending } = parsed
    const isImage = isImageName(`image.${ending}`) && !ending.includes('.')
    const labelEnding = labelEndings.find((one) => one === ending)
    const sample = sampleOf(key, member.name)
    if (isImage) addImage(window.path, key, sample, member)
    else if (labelEnding !== undefined) await addLabel(window, sample, labelEnding, member)
  }
  return samples.values()
}

/** Null for members that belong to no sample: those of the system, without a dot, or with a name such as `__info__.json`. */
function keyAndEnding(name: string): { key: string; ending: string } | null {
  const slash = name.lastIndexOf('/') + 1
  const dot = name.indexOf('.', slash)
  if (dot <= slash) return null
  const base = name.slice(slash, dot)
  const folders = name.slice(0, slash).split('/')
  if (base.startsWith('__') || isSystemName(name.slice(slash)) || folders.includes('__MACOSX')) return null
  return { key: name.slice(0, dot), ending: name.slice(dot + 1).toLowerCase() }
}

function addImage(path: string, key: string, sample: Sample, { name, offset, bytes }: TarMember): void {
  if (sample.image !== undefined)
    throw new DatasetError(
      `${path} has two images for the sample "${key}": "${sample.image.name}" and "${name}"; a sample is what has the ` +
        'same name up to the first dot, and has one image.',
    )
  if (bytes === 0) throw new DatasetError(`${path}: "${name}" is empty (0 bytes); write the shard again.`)
  if (bytes >= 2 ** 32)
    throw new DatasetError(`${path}: "${name}" has ${grouped(bytes)} bytes, too many for an image.`)
  sample.image = { name, offset, bytes, label: -1 }
}

/** Takes the label that a member holds, unless a surer one is known. */
async function addLabel(
  window: FileWindow,
  sample: Sample,
  ending: LabelEnding,
  { name, offset, bytes }: TarMember,
): Promise<void> {
  if (sample.ending !== undefined && labelEndings.indexOf(sample.ending) <= labelEndings.indexOf(ending)) {
    if (sample.ending === ending)
      throw new DatasetError(`${window.path} has the member "${name}" twice; write the shard again.`)
    return
  }
  if (bytes > MAX_LABEL_BYTES) return
  const content = (await window.read(offset, bytes)).toString('utf8')
  const label = ending === 'json' ? labelOfJson(window.path, name, content) : labelOfText(content)
  if (label === undefined && (ending === 'cls' || ending === 'cls.txt'))
    throw notALabel(window.path, name, JSON.stringify(content.trim()))
  if (label === undefined) return
  sample.label = label
  sample.ending = ending
}

const isLabel = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31

function labelOfText(content: string): number | undefined {
  const text = content.trim()
  return /^\d+$/.test(text) && isLabel(Number(text)) ? Number(text) : undefined
}

/** Undefined where none of the fields is there. */
function labelOfJson(path: string, name: string, content: string): number | undefined {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch {
    throw new DatasetError(`${path}: "${name}" is not JSON; write the shard again.`)
  }
  if (typeof value !== 'object' || value === null) return undefined
  const fields = value as Record<string, unknown>
  const field = labelFields.find((one) => fields[one] !== undefined && fields[one] !== null)
  if (field === undefined) return undefined
  if (!isLabel(fields[field])) throw notALabel(path, name, `${field}: ${JSON.stringify(fields[field])}`)
  return fields[field]
}

const notALabel = (path: string, name: string, value: string): DatasetError =>
  new DatasetError(
    `${path}: "${name}" holds ${value.length > 60 ? `${value.slice(0, 57)}…` : value} where a label must be: the number ` +
      'of a class, a whole number from 0.',
  )

const noLabel = (path: string, name: string): DatasetError =>
  new DatasetError(
    `${path}: "${name}" has no label; its sample needs a member with the same name up to the first dot and the ending ` +
      `.cls, which holds the number of the class (or .json with ${labelFields.join(' or ')}).`,
  )

const noImages = (path: string, members: readonly string[]): DatasetError =>
  new DatasetError(
    `${path} has no image: ${members.length === 0 ? 'it has no samples' : `its members are such as ${listed(members)}`}; ` +
      'name images after their sample, for example 000001.jpg.',
  )

const withoutImage = (path: string, members: readonly string[]): string[] =>
  members.length === 0
    ? []
    : [
        `${grouped(members.length)} ${members.length === 1 ? 'sample' : 'samples'} of ${path} without an image ` +
          `${members.length === 1 ? 'is' : 'are'} left out: ${listed(members)}.`,
      ]
