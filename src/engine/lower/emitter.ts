/**
 * The output of lowerings: ONNX nodes, and the layouts in which each traced value exists.
 *
 * TensorFlow.js uses NHWC. ONNX Runtime uses NCHW, and is fastest in its channel-blocked form. So a value of rank 4 may
 * be stored in any of three layouts, and is converted only when a reader needs another one:
 *
 * - `plain`: as in TensorFlow.js, N × H × W × C (and every tensor of another rank);
 * - `nchw`: N × C × H × W;
 * - `blocked`: N × P/b × H × W × b in memory, typed N × P × H × W, as in `com.microsoft.nchwc`. Its P places hold the
 *   C channels, and zeros where blocks are not full (see `blocks.ts`).
 */
import type { OnnxType } from '../onnx/graph.js'
import type { DType, Value } from '../trace/record.js'
import {
  areFull,
  type Blocks,
  channelsAt,
  channelsIn,
  onlyLastIsPartial,
  placesOf,
  sameBlocks,
} from './blocks.js'
import { NodeWriter } from './node-writer.js'
import type { BlockPlan } from './plan-blocks.js'

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
  /** The blocks of each value. */
  plan: BlockPlan
  /** The traced batch size that is symbolic in the graph: batched values get no fixed first axis. */
  symbolicBatch?: number
}

const DATA_TYPES: Record<DType, OnnxType> = { float32: 'float32', int32: 'int32', bool: 'bool' }

/** Writes nodes, and knows in which layouts each traced value exists. */
export class Emitter extends NodeWriter {
  readonly block: number
  private readonly plan: BlockPlan
  private readonly forms = new Map<Value, Partial<Record<Layout, string>>>()
  /** Tensor of channels → the tensor of places that it was taken from, with axis and blocks. */
  private readonly taken = new Map<string, { places: string; axis: number; blocks: Blocks }>()

  constructor({ block, plan, symbolicBatch }: EmitterOptions) {
    super(symbolicBatch)
    this.block = block
    this.plan = plan
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

  /** Whether a value can have the blocked layout. */
  blockable(value: Value): boolean {
    return this.plan(value) !== undefined
  }

  /** The blocks of a value that can have the blocked layout. */
  blocks(value: Value): Blocks {
    const blocks = this.plan(value)
    if (!blocks) throw new Error(`internal: value ${value.id} has no blocks`)
    return blocks
  }

  /** The number of places of a value that can have the blocked layout. */
  places(value: Value): number {
    return this.blocks(value).length * this.block
  }

  /** The blocked layout if all these values can have it, otherwise NCHW. */
  fastest(...values: readonly Value[]): 'blocked' | 'nchw' {
    return values.every((value) => this.blockable(value)) ? 'blocked' : 'nchw'
  }

  /** Whether the blocked layout of the value has free places. */
  hasFreePlaces(value: Value): boolean {
    return !areFull(this.blocks(value), this.block)
  }

  /** Channels along `axis` of a tensor of `rank` go to their places; free places get zeros. */
  toPlaces(name: string, axis: number, rank: number, blocks: Blocks): string {
    const b = this.block
    if (areFull(blocks, b)) return name
    const taken = this.taken.get(name)
    if (taken?.axis === axis && sameBlocks(taken.blocks, blocks)) return taken.places
    const channels = channelsIn(blocks)
    const inOrder = onlyLastIsPartial(blocks, b)
    const pads = new Array<number>(2 * rank).fill(0)
    pads[rank + axis] = inOrder ? blocks.length * b - channels : 1
    const padded = this.node('Pad', [name, this.ints(pads)])
    if (inOrder) return padded
    return this.node('Gather', [padded, this.ints(channelsAt(blocks, b, channels))], { axis })
  }

  /** The channels along `axis` out of their places. */
  toChannels(name: string, axis: number, blocks: Blocks): string {
    const b = this.block
    if (areFull(blocks, b)) return name
    const channels = onlyLastIsPartial(blocks, b)
      ? this.node('Slice', [name, this.ints([0]), this.ints([channelsIn(blocks)]), this.ints([axis])])
      : this.node('Gather', [name, this.ints(placesOf(blocks, b))], { axis })
    this.taken.set(channels, { places: name, axis, blocks })
    return channels
  }

  /**
   * The name of the value in `layout`; it is converted if it does not exist in it yet. `blocks`: of the blocked layout, by
   * default the value's own.
   */
  as(value: Value, layout: Layout, blocks?: Blocks): string {
    if (layout === 'blocked' && blocks && !(this.blockable(value) && sameBlocks(blocks, this.blocks(value))))
      return this.toBlocked(this.as(value, 'nchw'), 'nchw', value, blocks)
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
    const from: Layout = forms.blocked !== undefined ? 'blocked' : forms.nchw !== undefined ? 'nchw' : 'plain'
    const name = forms[from]!
    if (layout === 'blocked') return this.toBlocked(name, from as 'nchw' | 'plain', value, this.blocks(value))
    if (from === 'blocked') return this.fromBlocked(name, layout, value)
    const [n, h, w, c] = value.shape
    // With a single pixel or a single channel, plain and NCHW buffers are equal.
    if (h * w === 1 || c === 1)
      return this.reshape(name, layout === 'plain' ? [n, h, w, c] : [n, c, h, w], value)
    return this.transpose(name, layout === 'nchw' ? [0, 3, 1, 2] : [0, 2, 3, 1])
  }

  private toBlocked(name: string, from: 'nchw' | 'plain', value: Value, blocks: Blocks): string {
    const [n, h, w, c] = value.shape
    const b = this.block
    if (h * w === 1) {
      const places = this.toPlaces(this.reshape(name, [n, c], value), 1, 2, blocks)
      return this.reshape(places, [n, blocks.length * b, 1, 1], value)
    }
    // ONNX Runtime's kernel fills the last block with zeros, but it takes channels by four.
    const fills = c % 4 === 0 && onlyLastIsPartial(blocks, b)
    const input = fills ? name : this.toPlaces(name, from === 'plain' ? 3 : 1, 4, blocks)
    return this.node('ReorderInput', [input], from === 'plain' ? { channels_last: 1 } : {}, NCHWC)
  }

  private fromBlocked(name: string, layout: 'nchw' | 'plain', value: Value): string {
    const [n, h, w, c] = value.shape
    const blocks = this.blocks(value)
    if (h * w === 1) {
      const channels = this.toChannels(this.reshape(name, [n, this.places(value)], value), 1, blocks)
      return this.reshape(channels, layout === 'plain' ? [n, h, w, c] : [n, c, h, w], value)
    }
    return this.reorderOutput(name, layout, blocks)
  }

  /** A blocked tensor in another layout, with its channels only. */
  reorderOutput(name: string, layout: 'nchw' | 'plain', blocks: Blocks): string {
    const inOrder = onlyLastIsPartial(blocks, this.block)
    const channels = inOrder ? channelsIn(blocks) : blocks.length * this.block
    const attributes = { channels, channels_last: layout === 'plain' ? 1 : 0 }
    const reordered = this.node('ReorderOutput', [name], attributes, NCHWC)
    return inOrder ? reordered : this.toChannels(reordered, layout === 'plain' ? 3 : 1, blocks)
  }

  /** The cheapest layout to compute `out` from these values: one that one of them has already. */
  layoutFor(out: Value, values: readonly Value[]): Layout {
    if (out.shape.length !== 4) return 'plain'
    const full = values.filter((value) => value.shape.length === 4)
    if (this.blockable(out) && full.some((value) => this.has(value, 'blocked'))) return 'blocked'
    if (full.some((value) => this.has(value, 'nchw') || this.has(value, 'blocked'))) return 'nchw'
    return 'plain'
  }
}
