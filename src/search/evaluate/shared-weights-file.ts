/**
 * The file of shared weights. Its metadata says what they were trained for, so that no other search uses them, and how
 * many rounds of their training are done.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { changeOfData, type DataFingerprint } from '../../../datasets/index.js'
import { UserError } from '../../shared/errors.js'
import { readSafetensors, type Tensor, writeSafetensors } from '../../shared/safetensors.js'
import { kindOf } from '../../train/images/data-place.js'
import type { ModelConfig } from '../../train/settings/config.js'
import type { SearchSpace } from '../space/space.js'
import type { SharedSettings } from './settings.js'
import type { SharedWeights } from './shared-weights.js'

/** Settings that a search must share to use the weights. */
export interface TrainedFor {
  space: SearchSpace
  model: Pick<ModelConfig, 'stem' | 'cells' | 'filters' | 'stemFilters' | 'skipReduction' | 'stridedPools'>
  auxiliaryHead: boolean
  data: string
  /** Of that data; files of earlier versions do not say. */
  fingerprint?: DataFingerprint
  /** Training images held out, and the seed that chose them: others have been trained on. */
  validation: number
  seed: number
  /** Side in pixels that images were scaled down to; null: as they are. */
  imageSize: number | null
  warmUp: SharedSettings['warmUp']
}

export interface SharedWeightsFile {
  weights: SharedWeights
  /** Rounds that they have been trained for; all of `trainedFor.warmUp.rounds` when they are finished. */
  rounds: number
  trainedFor: TrainedFor
}

const METADATA = 'trained_for'

export function trainedForOf({ space, run, imageSize, warmUp }: SharedSettings): TrainedFor {
  const { stem, cells, filters, stemFilters, skipReduction, stridedPools } = run.model
  return {
    space,
    model: { stem, cells, filters, stemFilters, skipReduction, ...(stridedPools && { stridedPools }) },
    auxiliaryHead: run.auxiliaryWeight > 0,
    data: run.data.name,
    ...(run.data.fingerprint && { fingerprint: run.data.fingerprint }),
    validation: run.data.validation,
    seed: run.seed,
    imageSize,
    warmUp,
  }
}

/** Writes the weights atomically. */
export async function saveShared(
  path: string,
  { weights, rounds, trainedFor }: SharedWeightsFile,
): Promise<void> {
  const tensors = new Map(
    [...weights].map(([key, data]): [string, Tensor] => [key, { shape: [data.length], data }]),
  )
  const metadata = { rounds: String(rounds), [METADATA]: JSON.stringify(trainedFor) }
  await writeSafetensors(path, tensors, { metadata })
}

/**
 * Reads what {@link saveShared} wrote.
 *
 * @throws UserError that names the file when it is missing, damaged, or does not say what it was trained for
 */
export async function loadShared(path: string): Promise<SharedWeightsFile> {
  if (!existsSync(path))
    throw new UserError(
      `There are no shared weights at ${path}; correct the path, or let a search train its own`,
    )
  const { tensors, metadata } = await readSafetensors(path)
  const rounds = Number(metadata.rounds)
  if (!Number.isInteger(rounds))
    throw new UserError(`${path} is no file of shared weights: its metadata has no number of "rounds"`)
  if (metadata[METADATA] === undefined)
    throw new UserError(
      `${path} does not say what its weights were trained for, as files of earlier versions; let a search train its own`,
    )
  let trainedFor: TrainedFor
  try {
    trainedFor = JSON.parse(metadata[METADATA])
  } catch (error) {
    throw new UserError(`${path} is damaged: its "${METADATA}" is not JSON`, { cause: error })
  }
  const weights: SharedWeights = new Map()
  for (const [key, { data }] of tensors) weights.set(key, data as Float32Array)
  return { weights, rounds, trainedFor }
}

/**
 * Reads the weights of a search.
 *
 * @throws UserError as {@link loadShared}, and when they were trained for something else
 */
export async function loadSharedOf(settings: SharedSettings): Promise<SharedWeightsFile> {
  const file = await loadShared(settings.weights)
  const difference = differenceOf(...comparable(file.trainedFor, trainedForOf(settings)))
  if (difference !== null)
    throw new UserError(
      `${settings.weights} holds weights that were trained for another search: ${difference}. Search with the settings that they were trained for, or let the search train its own`,
    )
  return file
}

/** As {@link loadSharedOf}; throws a UserError also when their training is unfinished. */
export async function loadFinished(settings: SharedSettings): Promise<SharedWeights> {
  const { weights, rounds } = await loadSharedOf(settings)
  const all = settings.warmUp.rounds
  if (rounds < all)
    throw new UserError(
      `The weights in ${settings.weights} have been trained for ${rounds} of ${all} rounds; go on with the search that trains them (--resume) until they are finished`,
    )
  return weights
}

/** Without the data's place, when both were trained for the same data. */
function comparable(theirs: TrainedFor, ours: TrainedFor): [theirs: object, ours: object] {
  const settingsOf = ({ data, fingerprint, model, ...settings }: TrainedFor) => ({
    ...settings,
    model: { stridedPools: 'slim', ...model },
  })
  return sameData(theirs, ours)
    ? [settingsOf(theirs), settingsOf(ours)]
    : [
        { data: theirs.data, ...settingsOf(theirs) },
        { data: ours.data, ...settingsOf(ours) },
      ]
}

/** By its files where both name them, else by its folder. */
function sameData(theirs: TrainedFor, ours: TrainedFor): boolean {
  if (theirs.fingerprint && ours.fingerprint)
    return changeOfData(theirs.fingerprint, ours.fingerprint) === null
  return kindOf(theirs.data) === kindOf(ours.data) && resolve(theirs.data) === resolve(ours.data)
}

/** The first field that differs, in words; null: none does. */
function differenceOf(theirs: unknown, ours: unknown, field = ''): string | null {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isObject(theirs) && isObject(ours)) {
    const prefix = field === '' ? '' : `${field}.`
    for (const key of Object.keys(ours)) {
      const difference = differenceOf(theirs[key], ours[key], `${prefix}${key}`)
      if (difference !== null) return difference
    }
    return null
  }
  const [one, other] = [theirs, ours].map((value) => JSON.stringify(value))
  return one === other ? null : `"${field}" is ${one} there and ${other} here`
}
