/**
 * The record of a traced function: values, and the operations that compute them.
 *
 * Operations are TensorFlow.js kernels by name, with attributes normalised to plain numbers (explicit
 * paddings, resolved axes). Equal operations on equal inputs are recorded once, because every kernel is a
 * pure function.
 */

export type DType = 'float32' | 'int32' | 'bool'
export type Attributes = Record<string, number | number[] | number[][] | string | boolean>

/** A tensor of a trace: shape and type, without numbers unless it is a constant. */
export interface Value {
  readonly id: number
  readonly shape: readonly number[]
  readonly dtype: DType
  /** The operation that computes it; absent for inputs and constants. */
  readonly operation?: Operation
  /** Name of a graph input; absent otherwise. */
  readonly input?: string
  /** Numbers of a constant; absent otherwise. */
  readonly data?: Float32Array | Int32Array | Uint8Array
  /** Whether the value depends on an input of symbolic batch size. Its first axis may be the batch then. */
  readonly batched: boolean
}

/** One call of a kernel. */
export interface Operation {
  readonly kernel: string
  readonly inputs: readonly Value[]
  readonly attributes: Attributes
  readonly outputs: readonly Value[]
}

/** Shape and type of an output of an operation. */
export interface OutputSpec {
  shape: readonly number[]
  dtype: DType
}

/** Constants up to this many elements are compared by content and shared. */
const SHARED_CONSTANT_ELEMENTS = 64

/** Inputs, constants and operations in the order in which they were recorded. */
export class Recording {
  readonly inputs: Value[] = []
  readonly operations: Operation[] = []
  private readonly known = new Map<string, Operation>()
  private readonly constants = new Map<string, Value>()
  private nextId = 0

  input(name: string, shape: readonly number[], dtype: DType, batched = false): Value {
    if (this.inputs.some((value) => value.input === name))
      throw new Error(`two graph inputs are named "${name}"`)
    const value = { id: this.nextId++, shape: [...shape], dtype, input: name, batched }
    this.inputs.push(value)
    return value
  }

  constant(data: Float32Array | Int32Array | Uint8Array, shape: readonly number[], dtype: DType): Value {
    const key = data.length <= SHARED_CONSTANT_ELEMENTS ? `${dtype}[${shape}]${data.join()}` : undefined
    const known = key !== undefined && this.constants.get(key)
    if (known) return known
    const value = { id: this.nextId++, shape: [...shape], dtype, data: data.slice(), batched: false }
    if (key !== undefined) this.constants.set(key, value)
    return value
  }

  operation(
    kernel: string,
    inputs: readonly Value[],
    attributes: Attributes,
    outputs: readonly OutputSpec[],
  ): readonly Value[] {
    const key = operationKey(kernel, inputs, attributes, outputs)
    const known = this.known.get(key)
    if (known) return known.outputs
    const batched = inputs.some((value) => value.batched)
    const made: Value[] = []
    const operation: Operation = { kernel, inputs: [...inputs], attributes, outputs: made }
    for (const { shape, dtype } of outputs)
      made.push({ id: this.nextId++, shape: [...shape], dtype, operation, batched })
    this.operations.push(operation)
    this.known.set(key, operation)
    return made
  }

  /** The output of an elementwise kernel without attributes for `x`, if it has been recorded. */
  find(kernel: string, x: Value): Value | undefined {
    return this.known.get(operationKey(kernel, [x], {}, [x]))?.outputs[0]
  }
}

function operationKey(
  kernel: string,
  inputs: readonly Value[],
  attributes: Attributes,
  outputs: readonly OutputSpec[],
): string {
  const results = outputs.map(({ shape, dtype }) => `${dtype}[${shape}]`)
  return `${kernel}(${inputs.map((value) => value.id)})${JSON.stringify(attributes)}:${results}`
}

/** Number of elements of a tensor with this shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1)

/** The operations that `outputs` need, in the order in which they were recorded (each after its inputs). */
export function needed(recording: Recording, outputs: readonly Value[]): Operation[] {
  const wanted = new Set<Operation>()
  const stack = outputs.flatMap((value) => value.operation ?? [])
  while (stack.length > 0) {
    const operation = stack.pop()!
    if (wanted.has(operation)) continue
    wanted.add(operation)
    for (const value of operation.inputs) if (value.operation) stack.push(value.operation)
  }
  return recording.operations.filter((operation) => wanted.has(operation))
}
