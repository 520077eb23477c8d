/** What a rule takes and returns: the shapes of one kernel, without its numbers. */
import type { Attributes, DType, OutputSpec, Value } from './record.js'

/** The result of a rule: outputs, and the attributes that the lowering reads. */
export interface Recorded {
  outputs: OutputSpec[]
  /** The kernel returns a list, even of a single output. */
  list?: true
  attributes?: Attributes
}
// biome-ignore lint/suspicious/noExplicitAny: TensorFlow.js types attributes per kernel; here they come by name.
export type KernelAttributes = Record<string, any>
export type Rule = (inputs: Value[], attributes: KernelAttributes) => Recorded

/** A single output. */
export const one = (shape: readonly number[], dtype: DType, attributes?: Attributes): Recorded => ({
  outputs: [{ shape, dtype }],
  attributes,
})

const TRACED_TYPES: Record<string, DType> = { float32: 'float32', int32: 'int32', bool: 'bool' }

/** The type of a traced tensor. Throws an error for a type that cannot be traced. */
export function tracedType(dtype: string): DType {
  const known = TRACED_TYPES[dtype]
  if (!known) throw new Error(`a tensor of type ${dtype} cannot be traced; use float32, int32 or bool`)
  return known
}
