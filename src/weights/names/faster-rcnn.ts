/**
 * The variables of `faster_rcnn_nas`, as the TensorFlow Object Detection API names them, and the order of their numbers.
 *
 * The API orders three things otherwise: its anchors have ratios of width to height, so that the ratios lie in reverse; its
 * boxes are [ty, tx, th, tw]; and a class is a category's id, so that ids that no category has leave columns unused.
 */

/** The outputs of a detector, as far as the order of their columns depends on it. */
export interface DetectorColumns {
  /** Scales and ratios of the anchors. The ratios are their own reciprocals in reverse. */
  scales: number
  ratios: number
  /** For each class of the toolkit's detector the id that it has in the released one, from 1 on. */
  categoryIds: readonly number[]
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
    columns: ({ categoryIds }) => [0, ...categoryIds],
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

/**
 * The numbers of a matrix or vector whose last axis has `length` columns, in another order of columns.
 *
 * @param columns for each column of the result the column that it is taken from
 */
export function takeColumns(data: Float32Array, length: number, columns: readonly number[]): Float32Array {
  const rows = data.length / length
  const result = new Float32Array(rows * columns.length)
  for (let row = 0, at = 0; row < rows; row++)
    for (const column of columns) result[at++] = data[row * length + column]
  return result
}

/**
 * The inverse of {@link takeColumns}: puts the columns back among `length`. Columns that none of them is stay as `rest`
 * has them, of which the last axis has `length` columns too.
 */
export function putColumns(data: Float32Array, columns: readonly number[], rest: Float32Array): Float32Array {
  const result = rest.slice()
  const rows = data.length / columns.length
  const length = rest.length / rows
  for (let row = 0, at = 0; row < rows; row++)
    for (const column of columns) result[row * length + column] = data[at++]
  return result
}

/** Ids of COCO's 80 categories; its other ids up to 90 are those of categories that no image shows. */
export const COCO_IDS: readonly number[] = Array.from({ length: 90 }, (_, i) => i + 1).filter(
  (id) => ![12, 26, 29, 30, 45, 66, 68, 69, 71, 83].includes(id),
)
