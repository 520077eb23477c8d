/**
 * Where lowerings write: ONNX nodes, and the forms in which each traced value is at hand.
 *
 * TensorFlow.js thinks in NHWC; ONNX Runtime computes in NCHW, fastest in its channel-blocked form. So a
 * value of rank 4 may be stored in any of three layouts, and is converted only when a reader needs another:
 *
 * - `plain`: as TensorFlow.js has it, N × H × W × C (and every tensor of another rank);
 * - `nchw`: N × C × H × W;
 * - `blocked`: N × C/b × H × W × b in memory, typed N × C × H × W, as `com.microsoft.nchwc` has it.
 */
import type { OnnxAttribute, OnnxData, OnnxNode, OnnxTensor, OnnxType } from '../onnx/graph.js'
import { type DType, sizeOf, type Value } from '../trace/record.js'

/** Where each axis of N × H × W × C is found in N × C × H × W. */
export const NCHW_AXIS = [0, 2, 3, 1]

export type Layout = 'plain' | 'nchw' | 'blocked'

/** ONNX Runtime's own domains: blocked kernels, and the contributed ones. */
export const NCHWC = 'com.microsoft.nchwc'
export const MICROSOFT = 'com.microsoft'

export interface EmitterOptions {
  /** Channels to a block of the blocked layout; 0 keeps everything NCHW and portable. */
  block: number
  /** The batch size that stands for a symbolic one: batched values get no fixed first axis. */
  symbolicBatch?: number
}

const DATA_TYPES: Record<DType, OnnxType> = { float32: 'float32', int32: 'int32', bool: 'bool' }

export class Emitter {
  readonly nodes: OnnxNode[] = []
  readonly initializers: OnnxTensor[] = []
  readonly block: number
  private readonly symbolicBatch: number | undefined
  private readonly forms = new Map<Value, Partial<Record<Layout, string>>>()
  private readonly known = new Map<string, string[]>()
  private readonly constants = new Map<string, OnnxTensor>()
  private readonly sharedConstants = new Map<string, string>()
  /** View → what it is a view of. */
  private readonly viewed = new Map<string, string>()
  private next = 0

  constructor(options: EmitterOptions) {
    this.block = options.block
    this.symbolicBatch = options.symbolicBatch
  }

  /** Adds a node with `count` outputs and names them; an equal node already there answers instead. */
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

  node(op: string, inputs: string[], attributes: Record<string, OnnxAttribute> = {}, domain = ''): string {
    return this.nodesOutputs(op, inputs, attributes, domain, 1)[0]
  }

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

  /** The constant made under this key, made once. */
  sharedConstant(key: string, shape: readonly number[], make: () => Float32Array): string {
    const name = this.sharedConstants.get(key) ?? this.constant('float32', shape, make())
    this.sharedConstants.set(key, name)
    return name
  }

  ints(values: readonly number[]): string {
    return this.constant('int64', [values.length], BigInt64Array.from(values, BigInt))
  }

  scalar(value: number, type: 'float32' | 'int32' = 'float32'): string {
    return this.constant(type, [], type === 'float32' ? Float32Array.of(value) : Int32Array.of(value))
  }

  /** `shape` as a Reshape target for something made of `of`: −1 leads where the batch is symbolic. */
  private target(shape: readonly number[], of: Value): string {
    const { symbolicBatch } = this
    const symbolic = symbolicBatch !== undefined && of.batched && shape[0] % symbolicBatch === 0
    return this.ints(symbolic ? [-1, ...shape.slice(1)] : shape)
  }

  /** A view of the same numbers in another shape; `of` is the traced value that they belong to. */
  reshape(name: string, shape: readonly number[], of: Value): string {
    const constant = this.constants.get(name)
    if (constant) return this.constant(constant.type, shape, constant.data)
    // A view of a view is a view of the first.
    const source = this.viewed.get(name) ?? name
    const view = this.node('Reshape', [source, this.target(shape, of)])
    this.viewed.set(view, source)
    return view
  }

  transpose(name: string, perm: readonly number[]): string {
    const constant = this.constants.get(name)
    if (constant && constant.data instanceof Float32Array)
      return this.transposedConstant(constant, constant.data, perm)
    return this.node('Transpose', [name], { perm: [...perm] })
  }

  /** Weights of an exported model are turned once, here, and not at every run. */
  private transposedConstant(tensor: OnnxTensor, data: Float32Array, perm: readonly number[]): string {
    const strides = tensor.shape.map((_, axis) => sizeOf(tensor.shape.slice(axis + 1)))
    const shape = perm.map((axis) => tensor.shape[axis])
    const turned = new Float32Array(data.length)
    const index = shape.map(() => 0)
    for (let i = 0, from = 0; i < turned.length; i++) {
      turned[i] = data[from]
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += strides[perm[axis]]
        if (++index[axis] < shape[axis]) break
        from -= strides[perm[axis]] * shape[axis]
        index[axis] = 0
      }
    }
    return this.constant(tensor.type, shape, turned)
  }

  /** Says in which form a value has been computed. */
  put(value: Value, layout: Layout, name: string): void {
    const forms = this.forms.get(value) ?? {}
    forms[layout] = name
    this.forms.set(value, forms)
  }

  /** Says that `value` is `same`, in whatever forms that is at hand. */
  alias(value: Value, same: Value): void {
    if (!this.computed(same)) this.as(same, 'plain')
    this.forms.set(value, this.forms.get(same)!)
  }

  /** Whether the value is at hand in this layout without a conversion. */
  has(value: Value, layout: Layout): boolean {
    return this.forms.get(value)?.[layout] !== undefined
  }

  /** The names of all tensors stored blocked; such tensors are never broadcast. */
  blockedNames(): Set<string> {
    return new Set([...this.forms.values()].flatMap((forms) => forms.blocked ?? []))
  }

  computed(value: Value): boolean {
    return this.forms.has(value)
  }

  /** Whether a value of this shape can be stored blocked. */
  blockable(shape: readonly number[]): boolean {
    return this.block > 0 && shape.length === 4 && shape[3] % this.block === 0
  }

  /** The name of the value in `layout`, converted from the form at hand if need be. */
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
    // One pixel, or one channel, lies the same way in every layout that differs only in where channels go.
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

  /** The cheapest layout to compute something of `shape` from these values: where one of them already lies. */
  layoutFor(shape: readonly number[], values: readonly Value[]): Layout {
    if (shape.length !== 4) return 'plain'
    const full = values.filter((value) => value.shape.length === 4)
    if (this.blockable(shape) && full.some((value) => this.has(value, 'blocked'))) return 'blocked'
    if (full.some((value) => this.has(value, 'nchw') || this.has(value, 'blocked'))) return 'nchw'
    return 'plain'
  }
}
