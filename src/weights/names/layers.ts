/** The layers of a NASNet, read from the paths of its parameters: what every other program has a name for. */
import type { NasnetConfig, OperationName } from '../../../models/index.js'

/** What a dialect needs to know of a network. */
export type NamedNetwork = Pick<NasnetConfig, 'cells' | 'stem' | 'genotype'>

/** A cell by its kind and its number within that kind, as in `stem_0`, `cell_3` and `reduction_1`. */
export interface CellName {
  kind: 'stem' | 'cell' | 'reduction'
  number: number
}

export type Side = 'left' | 'right'

/** A layer with weights; the batch norm behind it belongs to it. */
export type Layer =
  | { part: 'stem' }
  | { part: 'head' }
  | { part: 'auxiliary'; name: 'projection' | 'full' | 'classifier' }
  | { part: 'current'; cell: CellName }
  /** `half`: one of the two convolutions of a factorized reduction; without it their batch norm, or the 1×1 convolution. */
  | { part: 'previous'; cell: CellName; half?: 1 | 2; reduced: boolean }
  | { part: 'output'; cell: CellName; state: number; half?: 1 | 2; reduced: boolean }
  /** `block`: 2 is the first. `repeat`: a separable convolution is applied twice. `size`: of its kernel. */
  | { part: 'separable'; cell: CellName; block: number; side: Side; repeat: 1 | 2; size: number }
  /** The 1×1 convolution of an identity or a pool that changes stride or channels. */
  | { part: 'convolution'; cell: CellName; block: number; side: Side }

/** A tensor of a layer or of its batch norm. */
export type TensorRole =
  | 'kernel'
  | 'bias'
  | 'depthwise'
  | 'pointwise'
  | 'gamma'
  | 'beta'
  | 'moving_mean'
  | 'moving_variance'

export interface LayerTensor {
  layer: Layer
  role: TensorRole
}

/** Operations whose layers other programs have. */
const SHARED: readonly OperationName[] = [
  'identity',
  'avg_pool_3x3',
  'max_pool_3x3',
  'sep_conv_3x3',
  'sep_conv_5x5',
  'sep_conv_7x7',
]

const PATH =
  /^(?<place>.+?)(?:\/path_(?<half>[12]))?\/(?<role>kernel|bias|depthwise|pointwise|batch_norm\/(?:gamma|beta|moving_mean|moving_variance))$/

/**
 * Finds the layers of the parameters at `paths`, which are all those of one network.
 *
 * @returns undefined for a layer that NASNet-A has not, such as a dilated convolution
 */
export function layersOf(
  paths: readonly string[],
  { genotype }: NamedNetwork,
): (path: string) => LayerTensor | undefined {
  const reduced = new Set(paths.flatMap((path) => /^(.*)\/path_1\/kernel$/.exec(path)?.[1] ?? []))
  return (path) => {
    const { place, half, role } = PATH.exec(path)?.groups ?? {}
    if (place === undefined) return undefined
    const layer = layerAt(place, half === undefined ? undefined : (Number(half) as 1 | 2))
    return layer && { layer, role: role.replace('batch_norm/', '') as TensorRole }
  }

  function layerAt(place: string, half: 1 | 2 | undefined): Layer | undefined {
    if (place === 'stem' || place === 'head') return { part: place }
    const auxiliary = /^auxiliary\/(projection|full|classifier)$/.exec(place)
    if (auxiliary) return { part: 'auxiliary', name: auxiliary[1] as 'projection' }
    const [, kind, number, rest] = /^(stem|cell|reduction)_(\d+)\/(.+)$/.exec(place) ?? []
    if (rest === undefined) return undefined
    const cell = { kind: kind as CellName['kind'], number: Number(number) }
    if (rest === 'current') return { part: 'current', cell }
    if (rest === 'previous') return { part: 'previous', cell, half, reduced: reduced.has(place) }
    const output = /^output\/state_(\d+)$/.exec(rest)
    if (output) return { part: 'output', cell, state: Number(output[1]), half, reduced: reduced.has(place) }
    return pathOf(cell, rest)
  }

  function pathOf(cell: CellName, rest: string): Layer | undefined {
    const match = /^block_(\d+)\/(left|right)\/(?:separable_([12])|convolution)$/.exec(rest)
    if (match === null) return undefined
    const [block, side] = [Number(match[1]), match[2] as Side]
    const { operation } = genotype[cell.kind === 'cell' ? 'normal' : 'reduction'].blocks[block - 2][side]
    if (!SHARED.includes(operation)) return undefined
    if (match[3] === undefined) return { part: 'convolution', cell, block, side }
    const size = Number(operation.at(-1))
    return { part: 'separable', cell, block, side, repeat: Number(match[3]) as 1 | 2, size }
  }
}
