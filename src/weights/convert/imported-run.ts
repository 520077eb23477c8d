/** From matched tensors to the run that holds them. */
import type { ParameterSpec } from '../../../models/index.js'
import { UserError } from '../../shared/errors.js'
import { layoutOf } from '../../train/step/flat-state.js'
import { isFiniteVector } from '../../train/step/named-weights.js'
import { type AnyRunConfig, createRun } from '../../train/tasks.js'
import { takeColumns } from '../names/columns.js'
import type { TensorSource } from '../source.js'
import { fromForeign } from './axes.js'
import { type Match, type Matching, storedShape } from './match.js'

export interface ImportResult {
  run: string
  /** Path of the exported model; null: the weights have no classifier's head. */
  model: string | null
  /** The program whose names the files have. */
  from: NonNullable<AnyRunConfig['imported']>['program']
  classes: number | null
  /** Tensors that became parameters. */
  tensors: number
  /** Numbers of tensors that were not used, by the reason. */
  ignored: Record<string, number>
}

/**
 * Reads the matched tensors and writes a run with them, at step 0. `exported` writes its model and gives that path; null:
 * it has none. When anything fails, nothing is left behind.
 *
 * @returns the model's path
 * @throws UserError when a tensor has numbers that are not finite, or the run cannot be written
 */
export async function writeImportedRun(
  folder: string,
  config: AnyRunConfig,
  weights: { source: TensorSource; specs: readonly ParameterSpec[]; matches: readonly Match[] },
  exported: ((folder: string) => Promise<{ path: string }>) | null,
): Promise<string | null> {
  const state = await stateOf(weights.source, weights.specs, weights.matches)
  const run = await createRun(folder, config)
  try {
    await run.save({ step: 0, seconds: 0, ...state })
    return exported && (await exported(folder)).path
  } catch (error) {
    await run.discardUntrained()
    throw error
  } finally {
    await run.close()
  }
}

/** What an import says of the tensors. */
export const countsOf = ({ matches, ignored }: Matching): Pick<ImportResult, 'tensors' | 'ignored'> => ({
  tensors: matches.length,
  ignored: Object.fromEntries([...ignored].map(([reason, names]) => [reason, names.length])),
})

/** The numbers of all parameters as state vectors. */
async function stateOf(source: TensorSource, specs: readonly ParameterSpec[], matches: readonly Match[]) {
  const layout = layoutOf(specs)
  const state: Record<string, Float32Array> = {
    parameters: new Float32Array(layout.parameters),
    statistics: new Float32Array(layout.statistics),
  }
  const slots = new Map(layout.slots.map((slot) => [slot.path, slot]))
  for (const match of matches) {
    const { vector, offset } = slots.get(match.spec.path)!
    state[vector].set(await readParameter(source, match), offset)
  }
  return { layout: layout.slots, state }
}

async function readParameter(
  source: TensorSource,
  { spec, name, axes, columns }: Match,
): Promise<Float32Array> {
  const data = fromForeign(await source.read(name), storedShape(spec, columns), axes)
  if (!isFiniteVector(data))
    throw new UserError(`${source.path} cannot be used: "${name}" has numbers that are not finite`)
  return columns ? takeColumns(data, columns.length, columns.order) : data
}
