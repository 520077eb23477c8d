/** The weights of a trained classifier as the first weights of another, whose classes may be other ones. */
import { UserError } from '../../shared/errors.js'
import { type NamedWeights, numbersFor, setParameter } from '../step/named-weights.js'
import type { ParameterSlot, StateVectors } from '../step/step-types.js'

export interface AppliedWeights {
  /** Tensors that were copied. */
  copied: number
  /** Paths of the parameters of the heads that the source has not, or in another shape: they keep their random values. */
  fresh: string[]
}

/**
 * Copies weights into the state of a new run, in place and including averages.
 *
 * @param sameClasses false: the source's heads are for other classes, or for the same in another order, so that they are left out
 * even where their shapes fit
 * @throws UserError that names the first tensor outside of the heads that is missing or of another shape, or one that is not finite
 */
export function applyInitialWeights(
  layout: readonly ParameterSlot[],
  state: StateVectors,
  { source, tensors }: NamedWeights,
  sameClasses = true,
): AppliedWeights {
  const fits = (slot: ParameterSlot): boolean =>
    (sameClasses || headOf(slot.path) === undefined) && numbersFor(slot, tensors.get(slot.path)) !== undefined
  const misfits = layout.filter((slot) => !fits(slot))
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
  for (const slot of kept) setParameter(state, slot, tensors.get(slot.path)!.data as Float32Array, source)
  return { copied: kept.length, fresh: layout.filter(isFresh).map(({ path }) => path) }
}

/** The head that a parameter belongs to, which depends on the number of classes or is there in training only. */
const headOf = (path: string): string | undefined => /^(head|auxiliary)\//.exec(path)?.[1]
