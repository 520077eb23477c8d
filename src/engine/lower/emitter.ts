/**
 * The output of lowerings: ONNX nodes, and the layouts in which each traced value exists.
 *
 * TensorFlow.js uses NHWC. ONNX Runtime uses NCHW, and is fastest in its channel-blocked form. So a value of rank 4 may
 * be stored in any of three layouts, and is converted only when a reader needs another one:
 *
 * - `plain`: as in TensorFlow.js, N × H × W × C (and every tensor of another rank);
 * - `nchw`: N × C × H × W;
 * - `blocked`: N × C/b × H × W × b in memory, typed N × C × H × W, as in `com.microsoft.nchwc`.
 */
import type { OnnxAttribute, OnnxData, OnnxNode, OnnxTensor, OnnxType } from '../onnx/graph.js'
import { type DType, sizeOf, type Value } from '../trace/record.js'

/** Index in N × C × H × W of each axis of N × H × W × C. */
export const NCHW_AXIS = [0, 2, 3, 1]

export type Layout = 'plain' | 'nchw' | 'blocked'

/** Domain of the blocked kernels of ONNX Runtime. */
export const NCHWC = 'com.microsoft.nchwc'
/** Domain of the contributed operators of ONNX Runtime. */
export const MICROSOFT = 'com.microsoft'

export interface EmitterOptions {
  /** Channels per block of the blocked layout; 0: a portable graph without blocks. */
  block: number
  /** The traced batch size that is symbolic in the graph: batched values get no fixed first axis. */
  symbolicBatch?: number
}

const DATA_TYPES: Record<DType, OnnxType> = { float32: 'float32', int32: 'int32', bool: 'bool' }

/** Collects the nodes and constants of a graph. */
export class Emitter {
  readonly nodes: OnnxNode[] = []
  readonly initializers: OnnxTensor[] = []
  readonly block: number
  private readonly symbolicBatch: number | undefined
  private readonly forms = new Map<Value, Partial<Record<Layout, string>>>()
  private readonly known = new Map<string, string[]>()
  private readonly constants = new Map<string, OnnxTensor>()
  private readonly sharedConstants = new Map<string, string>()
  /** View → the tensor that it is a view of. */
  private readonly viewed = new Map<string, string>()
  private next = 0

  constructor(options: EmitterOptions) {
    this.block = options.block
    this.symbolicBatch = options.symbolicBatch
  }

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

  /** Records that `name` is the value in this layout. */
  put(value: Value, layout: Layout, name: string): void {
    const forms = this.forms.get(value) ?? {}
    forms[layout] = name
    this.forms.set(value, forms)
  }

  /** Records that `value` has the same numbers as `same`, in all layouts of that. */
  alias(value: Value, same: Value): void {
    if (!this.computed(same)) this.as(same, 'plain')
    this.forms.set(value, this.forms.get(same)!)
  }

  /** Whether the value exists in this layout, without a conversion. */
  has(value: Value, layout: Layout): boolean {
    return this.forms.get(value)?.[layout] !== undefined
  }

  /** The names of all tensors in the blocked layout. Such tensors are never broadcast. */
  blockedNames(): Set<string> {
    return new Set([...this.forms.values()].flatMap((forms) => forms.blocked ?? []))
  }

  /** Whether the value exists in any layout. */
  computed(value: Value): boolean {
    return this.forms.has(value)
  }

  /** Whether a value of this shape can have the blocked layout. */
  blockable(shape: readonly number[]): boolean {
    return this.block > 0 && shape.length === 4 && shape[3] % this.block === 0
  }

  /** The name of the value in `layout`; it is converted if it does not exist in it yet. */
  as(value: Value, layout: Layout): string {
    let forms = this.forms.get(value)
    if (!forms) {
      if (value.data === undefined) throw new Error(`internal: value ${value.id} is read before it is made`)
      forms = { plain: this.constant(DATA_TYPES[value.dtype], value.shape, value.data) }
      this.forms.set(value, forms)
    }
    const known = forms[layout]
    if (known !== undefined) return known
    const name = this.convert(value, forms, layout)
    forms[layout] = name
    return name
  }

  private convert(value: Value, forms: Partial<Record<Layout, string>>, layout: Layout): string {
    const [n, h, w, c] = value.shape
    const typed = layout === 'plain' ? [n, h, w, c] : [n, c, h, w]
    const from: Layout = forms.blocked !== undefined ? 'blocked' : forms.nchw !== undefined ? 'nchw' : 'plain'
    const name = forms[from]!
    // With a single pixel or a single channel, plain and NCHW buffers are equal.
    const same = h * w === 1 || (c === 1 && from !== 'blocked' && layout !== 'blocked')
    if (same) return this.reshape(name, typed, value)
    if (layout === 'blocked')
      return this.node('ReorderInput', [name], from === 'plain' ? { channels_last: 1 } : {}, NCHWC)
    if (from === 'blocked')
      return this.node(
        'ReorderOutput',
        [name],
        { channels: c, ...(layout === 'plain' ? { channels_last: 1 } : {}) },
        NCHWC,
      )
    return this.transpose(name, layout === 'nchw' ? [0, 3, 1, 2] : [0, 2, 3, 1])
  }

  /** The cheapest layout to compute a value of `shape` from these values: one that one of them has already. */
  layoutFor(shape: readonly number[], values: readonly Value[]): Layout {
    if (shape.length !== 4) return 'plain'
    const full = values.filter((value) => value.shape.length === 4)
    if (this.blockable(shape) && full.some((value) => this.has(value, 'blocked'))) return 'blocked'
    if (full.some((value) => this.has(value, 'nchw') || this.has(value, 'blocked'))) return 'nchw'
    return 'plain'
  }
}
