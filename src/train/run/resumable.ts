/** Which settings may change when a run is resumed. */
import { UserError } from '../../shared/errors.js'
import type { TrainingConfig } from '../settings/config.js'
import type { ConfigRules } from './config-rules.js'
import type { Metrics, MetricsRow } from './metrics.js'

/** The rules of a task that decide whether a run can be resumed with another config. */
type ResumeRules<C> = Pick<ConfigRules<C>, 'fixedSettings' | 'refuseOtherData'>

/** Throws a `UserError` that names the fixed settings in which `config` differs from the config `saved` of a run. */
export function assertResumable<C>(
  { fixedSettings, refuseOtherData }: ResumeRules<C>,
  saved: C,
  config: C,
): void {
  const [before, after] = [fixedSettings(saved), fixedSettings(config)]
  const changed = Object.keys(after).filter((name) => !same(before[name], after[name]))
  if (changed.length > 0)
    throw new UserError(
      `A run that has started cannot change its ${changed.join(' and ')}; start another run for that`,
    )
  refuseOtherData(saved, config)
}

/** Of the settings that all tasks share, those that the state vectors depend on. */
export function fixedTrainingSettings({
  optimizer,
  averageDecay,
}: Pick<TrainingConfig, 'optimizer' | 'averageDecay'>): Record<string, unknown> {
  return { 'optimizer.kind': optimizer.kind, averageDecay: averageDecay === null }
}

/** Top-level settings in which two configs differ: [before, after] of each. */
export function differences<C extends object>(before: C, after: C): Record<string, [unknown, unknown]> {
  const changed: Record<string, [unknown, unknown]> = {}
  for (const key of Object.keys(after) as (keyof C & string)[])
    if (!same(before[key], after[key])) changed[key] = [before[key], after[key]]
  return changed
}

/**
 * Settings of `noted`, the config.json at `path`, that differ from those that its checkpoint was `trained` with (null:
 * unknown), and whose change no row of the metrics records. The place of the data is not compared.
 *
 * @throws UserError when the state depends on one of them
 */
export function editedSince<C extends { data: unknown }>(
  rules: ResumeRules<C>,
  trained: C | null,
  noted: C,
  rows: readonly MetricsRow<Metrics>[],
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
    assertResumable(rules, { ...trained, data: noted.data }, noted)
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
