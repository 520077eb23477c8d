/** Nodes and constants of a graph, as lowerings add them. */
import type { OnnxAttribute, OnnxData, OnnxNode, OnnxTensor, OnnxType } from '../onnx/graph.js'
import { sizeOf, type Value } from '../trace/record.js'

/** Collects the nodes and constants of a graph. Equal nodes are added once. */
export class NodeWriter {
  readonly nodes: OnnxNode[] = []
  readonly initializers: OnnxTensor[] = []
  private readonly known = new Map<string, string[]>()
  private readonly constants = new Map<string, OnnxTensor>()
  private readonly sharedConstants = new Map<string, string>()
  /** View → the tensor that it is a view of. */
  private readonly viewed = new Map<string, string>()
  private next = 0

  /** @param symbolicBatch the traced batch size that is symbolic in the graph */
  constructor(private readonly symbolicBatch?: number) {}

  /** Adds a node with `count` outputs and returns their names; those of an equal node, if there is one. */
  nodesOutputs(
    op: string,
    inputs: string[],
    attributes: Record<string, OnnxAttribute>,
    domain: string,
    count: number,
  ): string[] {
    const key = `${domain}:${op}(${inputs})${JSON.stringify(attributes)}`
    const known = this.known.get(key)
    if (known) return known
    const outputs = Array.from({ length: count }, () => `t${this.next++}`)
    this.nodes.push({ op, domain, inputs, outputs, attributes })
    this.known.set(key, outputs)
    return outputs
  }

  /** Adds a node with one output and returns its name. */
  node(op: string, inputs: string[], attributes: Record<string, OnnxAttribute> = {}, domain = ''): string {
    return this.nodesOutputs(op, inputs, attributes, domain, 1)[0]
  }

  /** Adds a constant and returns its name. Small equal constants are shared. */
  constant(type: OnnxType, shape: readonly number[], data: OnnxData): string {
    const key = data.length <= 64 ? `${type}[${shape}]${data.join()}` : undefined
    const known = key !== undefined && this.sharedConstants.get(key)
    if (known) return known
    const name = `c${this.next++}`
    const tensor = { name, type, shape: [...shape], data }
    this.constants.set(name, tensor)
    this.initializers.push(tensor)
    if (key !== undefined) this.sharedConstants.set(key, name)
    return name
  }

  /** The constant with this key; `make` computes it at the first call. */
  sharedConstant(key: string, shape: readonly number[], make: () => Float32Array): string {
    const name = this.sharedConstants.get(key) ?? this.constant('float32', shape, make())
    this.sharedConstants.set(key, name)
    return name
  }

  /** A vector of int64. */
  ints(values: readonly number[]): string {
    return this.constant('int64', [values.length], BigInt64Array.from(values, BigInt))
  }

  /** A constant without axes. */
  scalar(value: number, type: 'float32' | 'int32' = 'float32'): string {
    return this.constant(type, [], type === 'float32' ? Float32Array.of(value) : Int32Array.of(value))
  }

  /** `shape` as the target of a Reshape of `of`: its first axis is −1 when the batch is symbolic. */
  private target(shape: readonly number[], of: Value): string {
    const { symbolicBatch } = this
    const symbolic = symbolicBatch !== undefined && of.batched && shape[0] % symbolicBatch === 0
    return this.ints(symbolic ? [-1, ...shape.slice(1)] : shape)
  }

  /** A view of the same numbers in another shape. `of`: the traced value that they belong to. */
  reshape(name: string, shape: readonly number[], of: Value): string {
    const constant = this.constants.get(name)
    if (constant) return this.constant(constant.type, shape, constant.data)
    // A view of a view is a view of the first.
    const source = this.viewed.get(name) ?? name
    const view = this.node('Reshape', [source, this.target(shape, of)])
    this.viewed.set(view, source)
    return view
  }

  /** Permutes the axes of a tensor; of a constant at once. */
  transpose(name: string, perm: readonly number[]): string {
    const constant = this.constants.get(name)
    if (constant && constant.data instanceof Float32Array)
      return this.transposedConstant(constant, constant.data, perm)
    return this.node('Transpose', [name], { perm: [...perm] })
  }

  /** Weights of an exported model are transposed here once, and not in every run. */
  private transposedConstant(tensor: OnnxTensor, data: Float32Array, perm: readonly number[]): string {
    const strides = tensor.shape.map((_, axis) => sizeOf(tensor.shape.slice(axis + 1)))
    const shape = perm.map((axis) => tensor.shape[axis])
    const transposed = new Float32Array(data.length)
    const index = shape.map(() => 0)
    for (let i = 0, from = 0; i < transposed.length; i++) {
      transposed[i] = data[from]
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += strides[perm[axis]]
        if (++index[axis] < shape[axis]) break
        from -= strides[perm[axis]] * shape[axis]
        index[axis] = 0
      }
    }
    return this.constant(tensor.type, shape, transposed)
  }
}
