/** From matched tensors to the run that holds them. */
import type { ParameterSpec } from '../../../models/index.js'
import { UserError } from '../../shared/errors.js'
import { type FlatLayout, layoutOf } from '../../train/step/flat-state.js'
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

/** A network's parameters, each with its tensor in the files. */
export interface MatchedWeights {
  source: TensorSource
  specs: readonly ParameterSpec[]
  matches: readonly Match[]
}

/** What an import says of its progress, which takes a minute for large networks. */
export interface ImportEvents {
  /** After every tensor that was read: how many of how many. */
  onTensor?: (done: number, total: number) => void
  /** Before the model is compiled and written. */
  onExport?: () => void
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
  weights: MatchedWeights,
  exported: ((folder: string) => Promise<{ path: string }>) | null,
  { onTensor, onExport }: ImportEvents = {},
): Promise<string | null> {
  const state = await stateOf(weights, onTensor)
  const run = await createRun(folder, config)
  try {
    await run.save({ step: 0, seconds: 0, ...state })
    if (exported === null) return null
    onExport?.()
    return (await exported(folder)).path
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
async function stateOf(
  { source, specs, matches }: MatchedWeights,
  onTensor: ImportEvents['onTensor'],
): Promise<{ layout: FlatLayout['slots']; state: Record<string, Float32Array> }> {
  const layout = layoutOf(specs)
  const state: Record<string, Float32Array> = {
    parameters: new Float32Array(layout.parameters),
    statistics: new Float32Array(layout.statistics),
  }
  const slots = new Map(layout.slots.map((slot) => [slot.path, slot]))
  for (const [i, match] of matches.entries()) {
    const { vector, offset } = slots.get(match.spec.path)!
    state[vector].set(await readParameter(source, match), offset)
    onTensor?.(i + 1, matches.length)
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
