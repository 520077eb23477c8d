/** How another program names and lays out the tensors of a NASNet. */
import type { ParameterSpec } from '../../../models/index.js'
import { type Layer, layersOf, type NamedNetwork, type TensorRole } from './layers.js'

export type DialectName = 'slim' | 'keras' | 'timm' | 'toolkit'

/** The order of a tensor's axes: axis i of the toolkit's tensor is axis `order[i]` of the other program's. */
export type AxisOrder = readonly number[]

/** A tensor as the other program has it. */
export interface ForeignTensor {
  name: string
  /** Undefined: as in the toolkit. */
  axes?: AxisOrder
}

export interface Dialect {
  name: DialectName
  /** For people. */
  title: string
  /** The tensors of the parameters at `paths`, which are all those of one network; undefined: the program has none. */
  tensors(paths: readonly string[], network: NamedNetwork): (path: string) => ForeignTensor | undefined
  /** The name of the moving average of a tensor, where files have such averages. */
  average?: (name: string) => string
  /** Names of tensors that belong to no parameter and are of no use, with the reason. */
  ignored: readonly (readonly [pattern: RegExp, reason: string])[]
  /** Whether the first of 1001 classes is the background. */
  background: boolean
}

/** How a tensor's last axis makes a parameter's. */
export interface Columns {
  /** Columns of the tensor. */
  length: number
  /** For each column of the parameter that of the tensor. */
  order: readonly number[]
}

/** The tensors of one network in a file. */
export interface NetworkNames extends Pick<Dialect, 'title' | 'average' | 'ignored'> {
  /** The tensor of the parameter at a path; undefined: the program has none. */
  find(path: string): ForeignTensor | undefined
  /** Where a parameter has other columns than its tensor. `shape`: of the tensor in the file. */
  columns(spec: ParameterSpec, shape: readonly number[]): Columns | undefined
  /** What may help when tensors are missing or left over, as the end of a sentence. */
  advice: string
}

/** The names of a layer. */
export interface LayerNames {
  /** Of the convolution or dense layer itself. */
  weights: string
  /** Of its batch norm. */
  norm?: string
}

interface Naming {
  /** Undefined: the program has no such layer. */
  layer(layer: Layer, network: NamedNetwork): LayerNames | undefined
  /** What follows the name of the layer, or of its batch norm. */
  suffix: Readonly<Record<TensorRole, string>>
  /** The order of the axes of a tensor with `rank` of them. */
  axes?: (role: TensorRole, rank: number) => AxisOrder | undefined
}

const NORM: ReadonlySet<TensorRole> = new Set(['gamma', 'beta', 'moving_mean', 'moving_variance'])

/** {@link Dialect.tensors} of a program that names tensors by layer. */
export function byLayer({ layer: namesOf, suffix, axes }: Naming): Dialect['tensors'] {
  return (paths, network) => {
    const find = layersOf(paths, network)
    return (path) => {
      const found = find(path)
      if (found === undefined) return undefined
      const { layer, role } = found
      const names = namesOf(layer, network)
      const stem = NORM.has(role) ? names?.norm : names?.weights
      const dense = layer.part === 'head' || (layer.part === 'auxiliary' && layer.name === 'classifier')
      return stem === undefined ? undefined : { name: stem + suffix[role], axes: axes?.(role, dense ? 2 : 4) }
    }
  }
}

/** PyTorch: kernels out × in × height × width, depthwise in × 1 × height × width, dense out × in. */
export function pyTorchAxes(role: TensorRole, rank: number): AxisOrder | undefined {
  if (role === 'depthwise') return [2, 3, 0, 1]
  if (role !== 'kernel' && role !== 'pointwise') return undefined
  return rank === 2 ? [1, 0] : [2, 3, 1, 0]
}
