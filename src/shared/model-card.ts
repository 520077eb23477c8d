/**
 * The model card: what an exported `model.onnx` says about itself in its `metadata_props`, so that the
 * file needs nothing beside it. The exporter writes it, the server and the commands read it; neither
 * has to know the other.
 */
import * as z from 'zod/mini'
import { PREPROCESSINGS } from './classifier-input.js'
import { RESIZE_MODES } from './detector-input.js'
import { UserError } from './errors.js'
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
