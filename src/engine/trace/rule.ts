/** How a kernel's shapes are told: what a rule is given and what it gives. */
import type { Attributes, DType, OutputSpec, Value } from './record.js'

export interface Recorded {
  outputs: OutputSpec[]
  /** The kernel answers with a list, of however many outputs. */
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
