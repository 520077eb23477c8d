/** What of a config may change when a run is resumed. */
import { changeOfData } from '../../../datasets/classification/dataset-fingerprint.js'
import { UserError } from '../../shared/errors.js'
import type { RunConfig } from '../classification/config.js'
import { changedData, kindOf } from '../classification/data.js'
import type { DetectorRunConfig } from '../detection/config.js'
import { refuseOtherImages } from '../detection/data-place.js'
import type { Figures, MetricsRow } from './metrics.js'

type AnyRunConfig = RunConfig | DetectorRunConfig

/** Throws a `UserError` that names the settings in which `config` is not the run that `saved` began. */
export function assertResumable<C extends AnyRunConfig>(saved: C, config: C): void {
  const [before, after] = [fixedSettings(saved), fixedSettings(config)]
  const changed = Object.keys(after).filter((name) => !same(before[name], after[name]))
  if (changed.length > 0)
    throw new UserError(
      `A run that has begun cannot change its ${changed.join(' and ')}; start another run for that`,
    )
  refuseOtherData(saved, config)
}

/** Throws a `UserError` when both configs say what their data is like, and it is not the same. */
function refuseOtherData(saved: AnyRunConfig, config: AnyRunConfig): void {
  if (saved.task === 'detection') {
    if (config.task === 'detection') refuseOtherImages(saved.data, config.data)
    return
  }
  if (config.task === 'detection') return
  const [before, now] = [saved.data.fingerprint, config.data.fingerprint]
  const change = before && now ? changeOfData(before, now) : null
  if (change !== null) throw changedData(config.data, change)
}

/** Settings that the state vectors, or the meaning of a step's number, depend on. */
function fixedSettings(config: AnyRunConfig): Record<string, unknown> {
  const { seed, batchSize, optimizer, averageDecay } = config
  const shared = { 'optimizer.kind': optimizer.kind, averageDecay: averageDecay === null }
  if (config.task === 'classification') {
    const { model, data, auxiliaryWeight } = config
    const { fingerprint, ...settings } = data
    // Where the images lie may change.
    const own = { model, seed, batchSize, data: { ...settings, folder: null, name: kindOf(data.name) } }
    return { ...own, ...shared, auxiliaryWeight: auxiliaryWeight === 0 }
  }
  const { backbone, detector, accumulate, data } = config
  return { backbone, detector, seed, batchSize, accumulate, data: measuredBy(data), ...shared }
}

/** The data as far as training depends on it: where images lie, and what is only measured, may change. */
function measuredBy(data: DetectorRunConfig['data']): unknown {
  if (data.kind === 'embedded') return { ...data, validation: 0 }
  const { kind, limit, categories } = data
  return { kind, limit, categories }
}

/** Top-level settings in which two configs differ: [before, after] of each. */
export function differences<C extends AnyRunConfig>(before: C, after: C): Record<string, [unknown, unknown]> {
  const changed: Record<string, [unknown, unknown]> = {}
  for (const key of Object.keys(after) as (keyof C & string)[])
    if (!same(before[key], after[key])) changed[key] = [before[key], after[key]]
  return changed
}

/**
 * Settings of `noted`, the config.json at `path`, that are not those which its checkpoint was `trained` with (null: unknown),
 * and whose change no row of the metrics records. Where its data is now is not looked at.
 *
 * @throws UserError when the state depends on one of them
 */
export function editedSince<C extends AnyRunConfig>(
  trained: C | null,
  noted: C,
  rows: readonly MetricsRow<Figures>[],
  path: string,
): Record<string, [unknown, unknown]> {
  if (trained === null) return {}
  const recorded = rows.flatMap((row) => (row.kind === 'change' ? [row.settings] : []))
  const isRecorded = (key: string, value: unknown): boolean =>
    recorded.some((settings) => key in settings && same(settings[key][1], value))
  const edited = Object.entries(differences(trained, noted)).filter(
    ([key, [, value]]) => key !== 'data' && !isRecorded(key, value),
  )
  try {
    assertResumable({ ...trained, data: noted.data }, noted)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(
      `${path} is not what its checkpoint was trained with; it was edited or is damaged: put ${edited.map(([key, [before]]) => `"${key}": ${JSON.stringify(before)}`).join(' and ')} back. ${error.message}`,
      { cause: error },
    )
  }
  return Object.fromEntries(edited)
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
