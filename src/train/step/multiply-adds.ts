/** What a network is made of and costs to run: counted from shapes, nothing is computed. */
import { needed, type Operation, sizeOf, type Trace, type Value } from '../../engine/index.js'

/** How many numbers a network has. */
export interface Count {
  /** Including the moving statistics of batch norm, as Keras counts. */
  total: number
  trainable: number
}

/**
 * The multiply-adds of convolutions and dense layers that the outputs of the trace need, by part. `partOf` gives the
 * part of a parameter path.
 */
export function multiplyAdds(
  { recording, outputs }: Trace,
  partOf: (path: string) => string,
): Map<string, number> {
  const costs = new Map<string, number>()
  for (const operation of needed(recording, Object.values(outputs))) {
    const cost = costOf(operation)
    if (cost === 0) continue
    const part = partOf(parameterOf(operation.inputs[1]))
    costs.set(part, (costs.get(part) ?? 0) + cost)
  }
  return costs
}

function costOf({ kernel, inputs, outputs }: Operation): number {
  const made = sizeOf(outputs[0].shape)
  const filter = inputs[1]?.shape ?? []
  if (kernel === 'Conv2D') return made * filter[0] * filter[1] * filter[2]
  if (kernel === 'DepthwiseConv2dNative') return made * filter[0] * filter[1]
  if (kernel === 'BatchMatMul') return made * inputs[0].shape[inputs[0].shape.length - 1]
  return 0
}

/** The path of the parameter that a filter is computed from. */
function parameterOf(filter: Value): string {
  let value = filter
  while (value.operation) value = value.operation.inputs[0]
  if (value.input === undefined) throw new Error('internal: a convolution with a constant filter')
  return value.input
}
