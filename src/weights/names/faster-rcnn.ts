/**
 * The variables of `faster_rcnn_nas`, as the TensorFlow Object Detection API names them, and the order of their numbers.
 *
 * The API orders three things otherwise: its anchors have ratios of width to height, so that the ratios lie in reverse; its
 * boxes are [ty, tx, th, tw]; and a class is a category's id, so that ids that no category has leave columns unused: of
 * boxes they are left out, of classes they are the spare ones, which the softmax needs.
 */

import type { NetworkNames } from './dialect.js'
import type { NamedNetwork } from './layers.js'
import { slim } from './slim.js'

/** The outputs of a detector, as far as the order of their columns depends on it. */
export interface DetectorColumns {
  /** Scales and ratios of the anchors. The ratios are their own reciprocals in reverse. */
  scales: number
  ratios: number
  /** For each class of the toolkit's detector the id that it has in the released one, from 1 on. */
  categoryIds: readonly number[]
  /** The other ids up to the last: those of its spare classes. Default: none. */
  spareIds?: readonly number[]
}

type Columns = (settings: DetectorColumns) => number[]

interface Layer {
  /** Scope of its variables. */
  scope: string
  /** For each column of the toolkit's the released one; absent where they are the same. */
  columns?: Columns
}

/** The place of [x, y, w, h] in [ty, tx, th, tw]. */
const BOX = [1, 0, 3, 2]

/** For anchors of so many numbers each, in the toolkit's order: the anchors' numbers in the released order. */
const ofAnchors =
  (order: readonly number[]): Columns =>
  ({ scales, ratios }) =>
    Array.from({ length: scales * ratios }, (_, anchor) => {
      const [ratio, scale] = [Math.floor(anchor / scales), anchor % scales]
      const released = (ratios - 1 - ratio) * scales + scale
      return order.map((place) => released * order.length + place)
    }).flat()

const LAYERS: Readonly<Record<string, Layer>> = {
  'rpn/convolution': { scope: 'Conv' },
  'rpn/objectness': { scope: 'FirstStageBoxPredictor/ClassPredictor', columns: ofAnchors([0, 1]) },
  'rpn/boxes': { scope: 'FirstStageBoxPredictor/BoxEncodingPredictor', columns: ofAnchors(BOX) },
  'regions/classes': {
    scope: 'SecondStageBoxPredictor/ClassPredictor',
    columns: ({ categoryIds, spareIds = [] }) => [0, ...categoryIds, ...spareIds],
  },
  'regions/boxes': {
    scope: 'SecondStageBoxPredictor/BoxEncodingPredictor',
    columns: ({ categoryIds }) => categoryIds.flatMap((id) => BOX.map((place) => (id - 1) * 4 + place)),
  },
}

const VARIABLES: Readonly<Record<string, string>> = { kernel: 'weights', bias: 'biases' }

/** The layer of a parameter of the detector's own, and the parameter's name; undefined: it belongs to the backbone. */
function split(path: string): { layer: Layer; variable: string } | undefined {
  const at = path.lastIndexOf('/')
  const [layer, variable] = [LAYERS[path.slice(0, at)], VARIABLES[path.slice(at + 1)]]
  return layer && variable ? { layer, variable } : undefined
}

/** The variable that holds the parameter at `path`. `slimName`: TF-Slim's name of a backbone's parameter. */
export function detectorVariable(path: string, cells: number, slimName: (path: string) => string): string {
  const own = split(path)
  if (own) return `${own.layer.scope}/${own.variable}`
  return `${isSecondStage(path, cells) ? 'Second' : 'First'}StageFeatureExtractor/${slimName(path)}`
}

/** Whether a backbone's parameter lies behind the crops, in a network of `cells` normal cells a stage. */
export function isSecondStage(path: string, cells: number): boolean {
  const [, kind, number] = /^(cell|reduction)_(\d+)\//.exec(path) ?? []
  return Number(number) >= (kind === 'cell' ? 2 * cells : 1)
}

/** The released column of each column of the parameter at `path`; undefined: the order is the same. */
export function releasedColumns(path: string, settings: DetectorColumns): number[] | undefined {
  return split(path)?.layer.columns?.(settings)
}

/** The tensors of columns for a class each, and how many each class has in the file. */
const OF_CLASSES: Readonly<Record<string, (ids: number) => number>> = {
  'regions/classes': (ids) => 1 + ids,
  'regions/boxes': (ids) => 4 * ids,
}

/** Names of which every checkpoint of the API's NASNet detectors has the first, and no classifier has it. */
export const isDetectorCheckpoint = (names: { has(name: string): boolean }): boolean =>
  names.has('FirstStageFeatureExtractor/conv0/weights')

/** The classifier's biases in a checkpoint: one for the background and one for each id. */
export const CLASS_BIASES = 'SecondStageBoxPredictor/ClassPredictor/biases'

/** The names of the detector whose parameters lie at `paths`. */
export function fasterRcnnNas(
  paths: readonly string[],
  network: NamedNetwork,
  settings: DetectorColumns,
): NetworkNames {
  const backbone = slim.tensors(
    paths.filter((path) => split(path) === undefined),
    network,
  )
  const ids = settings.categoryIds.length + (settings.spareIds?.length ?? 0)
  return {
    title: 'The Object Detection API',
    find(path) {
      const named = split(path) ? { name: path } : backbone(path)
      return named && { ...named, name: detectorVariable(path, network.cells, () => named.name) }
    },
    average: slim.average,
    ignored: slim.ignored,
    columns({ path, shape }) {
      const order = releasedColumns(path, settings)
      if (order === undefined) return undefined
      const length = OF_CLASSES[path.slice(0, path.lastIndexOf('/'))]?.(ids) ?? shape.at(-1)!
      return { length, order }
    },
    advice: 'Choose the --arch, --cells, --filters and --stem-filters that it was trained with',
  }
}
