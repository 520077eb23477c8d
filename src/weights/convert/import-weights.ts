/** Weights of other programs as a run: `config.json`, a checkpoint at step 0, `model.onnx`. */
import type { ParameterSpec } from '../../../models/index.js'
import { UserError } from '../../shared/errors.js'
import type { RunConfig } from '../../train/classification/config.js'
import { networkOf } from '../../train/classification/network.js'
import { classifierSpecs } from '../../train/classification/step.js'
import { layoutOf } from '../../train/step/flat-state.js'
import { isFiniteVector } from '../../train/step/named-weights.js'
import { createRun, exportRun } from '../../train/tasks.js'
import type { Dialect } from '../names/dialect.js'
import { DIALECTS, dialectOf } from '../names/dialects.js'
import type { TensorSource } from '../source.js'
import { fromForeign, withoutFirstColumn } from './axes.js'
import { type Architecture, defaultLabels, importedConfig, readLabels } from './imported-config.js'
import { type Match, matchTensors, takesAverages } from './match.js'
import { openWeights } from './open-weights.js'

export interface ImportOptions extends Architecture {
  /** A file with a label on each line; by default ImageNet's. */
  labels?: string
  /** Takes the weights themselves where the files have their moving averages too. */
  raw?: boolean
}

export interface ImportResult {
  run: string
  /** Path of the exported model; null: the weights have no classifier's head. */
  model: string | null
  /** The program whose names the files have. */
  from: Dialect['name']
  classes: number | null
  /** Tensors that became parameters. */
  tensors: number
  /** Numbers of tensors that were not used, by the reason. */
  ignored: Record<string, number>
}

/**
 * Makes a run in a new folder of the weights in `files`, which are those of one network.
 *
 * @throws UserError that lists the tensors that are missing, of another shape or left over, or says what is wrong with
 *   the files; nothing is left behind then
 */
export async function importWeights(
  files: readonly string[],
  folder: string,
  options: ImportOptions,
): Promise<ImportResult> {
  const source = await openWeights(files)
  try {
    const dialect = dialectOf(source.tensors)
    if (dialect === undefined) throw unknownNames(source)
    const { config, classes } = await configFor(source, dialect, options)
    const specs = parametersOf(config, classes)
    const { matches, ignored } = matchTensors(source, specs, {
      dialect,
      network: config.model,
      raw: options.raw === true,
    })
    const model = await writeRun(folder, config, await stateOf(source, specs, matches))
    const counts = [...ignored].map(([reason, names]) => [reason, names.length])
    return {
      ...{ run: folder, model, from: dialect.name, classes, tensors: matches.length },
      ignored: Object.fromEntries(counts),
    }
  } finally {
    await source.close()
  }
}

function unknownNames({ path, tensors }: TensorSource): UserError {
  const programs = Object.values(DIALECTS).map(({ title }) => title)
  const [first] = tensors.keys()
  return new UserError(
    `${path} does not hold the weights of a NASNet as ${programs.slice(0, -1).join(', ')} or ${programs.at(-1)} name them: its first of ${tensors.size} tensors is "${first}"`,
  )
}

/** The config of the run, and its number of classes; null: the weights have no head. */
async function configFor(
  source: TensorSource,
  dialect: Dialect,
  { labels: labelsFile, raw = false, ...architecture }: ImportOptions,
): Promise<{ config: RunConfig; classes: number | null }> {
  const note = {
    program: dialect.name,
    file: source.path,
    averages: takesAverages(source.tensors, dialect, raw),
  }
  const classes = classesIn(source, dialect, importedConfig(architecture, null, note))
  if (classes === null) {
    if (labelsFile !== undefined)
      throw new UserError(
        `${source.path} has no classifier's head, so that there is nothing for --labels to name`,
      )
    return { config: importedConfig(architecture, null, note), classes }
  }
  const labels =
    labelsFile === undefined
      ? defaultLabels(classes, architecture.arch)
      : await readLabels(labelsFile, classes)
  return { config: importedConfig(architecture, labels, note), classes }
}

/** Classes of the head, the background not counted; null: there is no head. */
function classesIn({ tensors }: TensorSource, dialect: Dialect, { model }: RunConfig): number | null {
  const bias = dialect.tensors(['head/bias'], model)('head/bias')!
  const shape = (tensors.get(bias.name) ?? tensors.get(dialect.average?.(bias.name) ?? ''))?.shape
  if (shape === undefined) return null
  const [classes] = shape
  return dialect.background && classes === 1001 ? 1000 : classes
}

/** The parameters of the network of a config. `classes`: null for one without a head. */
export function parametersOf(config: RunConfig, classes: number | null): ParameterSpec[] {
  const { parameters } = classifierSpecs(networkOf(config, classes ?? 1), 1, config.data.imageSize!)
  return classes === null ? parameters.filter(({ path }) => !path.startsWith('head/')) : parameters
}

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
  { spec, name, axes, dropFirstClass }: Match,
): Promise<Float32Array> {
  const classes = spec.shape.at(-1)! + (dropFirstClass ? 1 : 0)
  const data = fromForeign(await source.read(name), [...spec.shape.slice(0, -1), classes], axes)
  if (!isFiniteVector(data))
    throw new UserError(`${source.path} cannot be used: "${name}" has numbers that are not finite`)
  return dropFirstClass ? withoutFirstColumn(data, classes) : data
}

/** Writes the run, and its model if it has a head. Returns the model's path. */
async function writeRun(
  folder: string,
  config: RunConfig,
  weights: Awaited<ReturnType<typeof stateOf>>,
): Promise<string | null> {
  const run = await createRun(folder, config)
  try {
    await run.save({ step: 0, seconds: 0, ...weights })
    return config.data.classes === null ? null : (await exportRun(folder)).path
  } catch (error) {
    await run.discardUntrained()
    throw error
  } finally {
    await run.close()
  }
}
