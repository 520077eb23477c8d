/** Weights of other programs as a run: `config.json`, a checkpoint at step 0, `model.onnx`. */
import type { ParameterSpec } from '../../../models/index.js'
import { UserError } from '../../shared/errors.js'
import type { RunConfig } from '../../train/classification/config.js'
import { networkOf } from '../../train/classification/network.js'
import { classifierSpecs } from '../../train/classification/step.js'
import { exportRun } from '../../train/tasks.js'
import type { Dialect, NetworkNames } from '../names/dialect.js'
import { DIALECTS, dialectOf } from '../names/dialects.js'
import { isDetectorCheckpoint } from '../names/faster-rcnn.js'
import type { NamedNetwork } from '../names/layers.js'
import type { TensorSource } from '../source.js'
import { type Architecture, defaultLabels, importedConfig } from './imported-config.js'
import { countsOf, type ImportEvents, type ImportResult, writeImportedRun } from './imported-run.js'
import { matchTensors, takesAverages } from './match.js'
import { openWeights } from './open-weights.js'
import { readLabels } from './read-labels.js'

export type { ImportResult } from './imported-run.js'

export interface ImportOptions extends Architecture {
  /** A file with a label on each line; by default ImageNet's. */
  labels?: string
  /** Takes the weights themselves where the files have their moving averages too. */
  raw?: boolean
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
  events?: ImportEvents,
): Promise<ImportResult> {
  const source = await openWeights(files)
  try {
    const dialect = dialectOf(source.tensors)
    if (dialect === undefined) throw unknownNames(source)
    const { config, classes } = await configFor(source, dialect, options)
    const specs = parametersOf(config, classes)
    const names = namesIn(dialect, config.model, specs)
    const matching = matchTensors(source, specs, names, config.imported!.averages)
    const weights = { source, specs, matches: matching.matches }
    const model = await writeImportedRun(folder, config, weights, classes === null ? null : exportRun, events)
    return { ...{ run: folder, model, from: dialect.name, classes }, ...countsOf(matching) }
  } finally {
    await source.close()
  }
}

/** The names of a classifier. The background is the first of 1,001 classes, and the toolkit's network has none. */
function namesIn(dialect: Dialect, network: NamedNetwork, specs: readonly ParameterSpec[]): NetworkNames {
  const { title, average, ignored, background } = dialect
  const find = dialect.tensors(
    specs.map(({ path }) => path),
    network,
  )
  return {
    ...{ title, average, ignored, find },
    columns(spec, shape) {
      const isHead = spec.path === 'head/kernel' || spec.path === 'head/bias'
      if (!(background && isHead && (shape[0] === 1001 || shape.at(-1) === 1001))) return undefined
      const classes = spec.shape.at(-1)!
      return { length: classes + 1, order: Array.from({ length: classes }, (_, i) => i + 1) }
    },
    advice: 'Choose the --arch, --cells and --filters that it was trained with',
  }
}

function unknownNames({ path, tensors }: TensorSource): UserError {
  if (isDetectorCheckpoint(tensors))
    return new UserError(
      `${path} holds the weights of a detector, as the Object Detection API names them; import it with --arch faster-rcnn-nas-coco`,
    )
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
  const classes = classesIn(
    source,
    dialect,
    architecture.arch,
    importedConfig(architecture, null, note).model,
  )
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

/**
 * Classes of the head, the background not counted; null: there is no head.
 *
 * @throws UserError when the program has no such network at all, as Keras has none for small images
 */
function classesIn(
  { path, tensors }: TensorSource,
  dialect: Dialect,
  arch: Architecture['arch'],
  model: NamedNetwork,
): number | null {
  const bias = dialect.tensors(['head/bias'], model)('head/bias')
  if (bias === undefined)
    throw new UserError(
      `${path} has the names of ${dialect.title}, which has no network like ${arch}; choose another --arch`,
    )
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
