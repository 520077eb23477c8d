/** The weights of a trained detector as the first weights of another, whose categories may be other ones. */
import { UserError } from '../../shared/errors.js'
import type { Tensor } from '../../shared/safetensors.js'
import { type NamedWeights, numbersFor, setParameter } from '../step/named-weights.js'
import type { ParameterSlot, StateVectors } from '../step/step-types.js'
import type { Category, DetectorRunConfig } from './config.js'

/** The weights of a detector by parameter path. */
export interface DetectorWeights extends NamedWeights {
  /** Its classes, in their order. */
  categories: readonly Category[]
}

export interface AppliedDetectorWeights {
  /** Tensors that were copied, wholly or for the categories that both have. */
  copied: number
  /** Names of the categories that the source knows. */
  carriedOver: string[]
  /** Names of the others: their columns keep their random values. */
  fresh: string[]
}

/** Columns of the box head's layers: first those that all detectors have, then so many of each class. */
const HEAD: Readonly<Record<string, { shared: number; each: number }>> = {
  'regions/classes': { shared: 1, each: 1 },
  'regions/boxes': { shared: 0, each: 4 },
}
const headOf = ({ path }: ParameterSlot, { classAgnostic }: HeadSettings) => {
  const layer = path.slice(0, path.lastIndexOf('/'))
  return classAgnostic && layer === 'regions/boxes' ? undefined : HEAD[layer]
}

/** See the setting of `roiHeads`. */
type HeadSettings = Pick<DetectorRunConfig['detector']['roiHeads'], 'classAgnostic'>

/**
 * Copies the weights of a detector into the state of a new one, in place and including averages: backbone, proposal
 * network, and of the box head the background and the classes of categories that have the same name. Spare classes are
 * left out.
 *
 * @throws UserError that names the first tensor that is missing or of another shape, or one that is not finite
 */
export function applyDetectorWeights(
  layout: readonly ParameterSlot[],
  state: StateVectors,
  { source, tensors, categories: known }: DetectorWeights,
  categories: readonly Category[],
  roiHeads: HeadSettings = {},
): AppliedDetectorWeights {
  const places = new Map(known.map(({ name }, index) => [name, index]))
  const from = categories.map(({ name }) => places.get(name))
  const updates = layout.map((slot): [ParameterSlot, Float32Array] => {
    const tensor = tensors.get(slot.path)
    const head = headOf(slot, roiHeads)
    const numbers = head
      ? withColumns(slot, state, tensor, { ...head, classes: known.length, from })
      : numbersFor(slot, tensor)
    if (numbers === undefined) throw unfit(source, slot, tensor)
    return [slot, numbers]
  })
  for (const [slot, numbers] of updates) setParameter(state, slot, numbers, source)
  const named = (isKnown: boolean) =>
    categories.filter((_, i) => (from[i] !== undefined) === isKnown).map(({ name }) => name)
  return { copied: layout.length, carriedOver: named(true), fresh: named(false) }
}

/** A head's parameter with the columns of the tensor that it knows; undefined: the tensor does not fit. */
function withColumns(
  { shape, vector, offset, size }: ParameterSlot,
  state: StateVectors,
  tensor: Tensor | undefined,
  {
    shared,
    each,
    classes,
    from,
  }: { shared: number; each: number; classes: number; from: readonly (number | undefined)[] },
): Float32Array | undefined {
  if (!(tensor?.data instanceof Float32Array) || tensor.shape.length !== shape.length) return undefined
  const [width, wide] = [shape.at(-1)!, tensor.shape.at(-1)!]
  const rows = size / width
  if (wide < shared + each * classes || tensor.data.length !== rows * wide) return undefined
  const numbers = state[vector].slice(offset, offset + size)
  const copy = (to: number, at: number, count: number) => {
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < count; i++)
        numbers[row * width + to + i] = tensor.data[row * wide + at + i] as number
  }
  copy(0, 0, shared)
  for (const [index, known] of from.entries())
    if (known !== undefined) copy(shared + each * index, shared + each * known, each)
  return numbers
}

function unfit(source: string, { path, shape }: ParameterSlot, tensor: Tensor | undefined): UserError {
  const found = tensor ? `a tensor of shape [${tensor.shape.join(', ')}]` : 'nothing'
  return new UserError(
    `${source} does not fit the detector: it has ${found} where "${path}" of shape [${shape.join(', ')}] is needed. Begin a new run with --init, which takes over its architecture`,
  )
}
