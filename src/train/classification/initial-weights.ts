/** The weights of a trained classifier as the first weights of another, whose classes may be other ones. */
import { UserError } from '../../shared/errors.js'
import type { Tensor } from '../../shared/safetensors.js'
import type { ParameterSlot, StateVectors } from '../step/step-types.js'

export interface InitialWeights {
  /** The file or folder that they come from, for messages. */
  source: string
  /** By parameter path. */
  tensors: ReadonlyMap<string, Tensor>
}

export interface AppliedWeights {
  /** Tensors that were copied. */
  copied: number
  /** Paths of the parameters of the heads that the source has not, or in another shape: they keep their random values. */
  fresh: string[]
}

/**
 * Copies weights into the state of a new run, in place and including averages.
 *
 * @throws UserError that names the first tensor outside of the heads that is missing or of another shape
 */
export function applyInitialWeights(
  layout: readonly ParameterSlot[],
  state: StateVectors,
  { source, tensors }: InitialWeights,
): AppliedWeights {
  const misfits = layout.filter((slot) => !fits(slot, tensors.get(slot.path)))
  // A head is new as a whole, or not at all.
  const heads = new Set(misfits.flatMap(({ path }) => headOf(path) ?? []))
  const isFresh = ({ path }: ParameterSlot): boolean => heads.has(headOf(path) ?? '')
  const [wrong] = misfits.filter((slot) => !isFresh(slot))
  if (wrong !== undefined) {
    const found = tensors.get(wrong.path)
    throw new UserError(
      `${source} does not fit the network: it has ${found ? `a tensor of shape [${found.shape.join(', ')}]` : 'nothing'} where "${wrong.path}" of shape [${wrong.shape.join(', ')}] is needed. Leave out the flags that change the network, or choose weights of its architecture`,
    )
  }
  const kept = layout.filter((slot) => !isFresh(slot))
  for (const { path, vector, offset } of kept) {
    const data = tensors.get(path)!.data as Float32Array
    state[vector].set(data, offset)
    state[AVERAGES[vector]]?.set(data, offset)
  }
  return { copied: kept.length, fresh: layout.filter(isFresh).map(({ path }) => path) }
}

const fits = ({ shape }: ParameterSlot, tensor: Tensor | undefined): boolean =>
  tensor?.data instanceof Float32Array && String(tensor.shape) === String(shape)

/** The head that a parameter belongs to, which depends on the number of classes or is there in training only. */
const headOf = (path: string): string | undefined => /^(head|auxiliary)\//.exec(path)?.[1]

const AVERAGES: Record<string, string> = {
  parameters: 'averageParameters',
  statistics: 'averageStatistics',
}
