/** The weights of a trained classifier as the initial weights of a detector. */
import { UserError } from '../../shared/errors.js'
import type { Tensor } from '../../shared/safetensors.js'
import type { ModelConfig } from '../settings/config.js'
import { type NamedWeights, numbersFor, setParameter } from '../step/named-weights.js'
import type { ParameterSlot, StateVectors } from '../step/step-types.js'

export interface Backbone {
  /** The architecture of the classifier, which becomes that of the detector. */
  model: ModelConfig
  weights: BackboneWeights
}

export type BackboneWeights = NamedWeights

/** Paths of the parameters that only a detector has. All others belong to the backbone. */
const OWN = /^(pyramid|rpn|regions)\//

/**
 * Copies the weights of a backbone into the state of a detector, in place and including averages. Other weights, such as
 * the classifier's head, are ignored. Returns the number of tensors copied.
 *
 * @throws UserError that names the first tensor that is missing, of another shape, or not finite
 */
export function applyBackbone(
  layout: readonly ParameterSlot[],
  state: StateVectors,
  { source, tensors }: BackboneWeights,
): number {
  const slots = layout.filter(({ path }) => !OWN.test(path))
  for (const slot of slots) {
    const { path, shape } = slot
    const tensor = tensors.get(path)
    const numbers = numbersFor(slot, tensor)
    if (numbers === undefined)
      throw new UserError(
        `${source} does not fit the detector's backbone: it has ${describe(tensor)} where "${path}" of shape [${shape.join(', ')}] is needed. Choose the backbone's own run, or a preset of its architecture`,
      )
    setParameter(state, slot, numbers, source)
  }
  return slots.length
}

function describe(tensor: Tensor | undefined): string {
  if (tensor === undefined) return 'nothing'
  const kind = tensor.data instanceof Float32Array ? '' : ` of ${tensor.data.constructor.name}`
  return `a tensor${kind} of shape [${tensor.shape.join(', ')}]`
}
