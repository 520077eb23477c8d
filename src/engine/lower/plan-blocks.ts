/**
 * Decides, before anything is lowered, which blocks each value has in the blocked layout. Values that are computed from
 * each other channel by channel get the same blocks, so that no reader has to move channels: the input of a ReLU, its
 * output, the gradients of both. A concatenation hands the blocks of its parts to all values that go with it.
 */
import type { Operation, Value } from '../trace/record.js'
import { type Blocks, blocksOf } from './blocks.js'

/** A value is not blocked if the blocked layout would hold more than this many numbers for each of its own. */
const MOST_PLACES = 2

/** Kernels whose output's channels are not those of their inputs, although there may be as many. */
const MIXES_CHANNELS = new Set([
  'BatchMatMul',
  'Conv2D',
  'Conv2DBackpropFilter',
  'Conv2DBackpropInput',
  'DepthwiseConv2dNativeBackpropFilter',
  'GatherV2',
  'Reverse',
  'Transpose',
])

const isBlockable = ({ shape }: Value) => shape.length === 4

/** Sets of values with equal blocks, as a forest: each value points towards the one that speaks for its set. */
class Sets {
  private readonly parents = new Map<Value, Value>()

  of(value: Value): Value {
    let root = value
    for (let parent = this.parents.get(root); parent; parent = this.parents.get(root)) root = parent
    for (let next = value; next !== root; ) {
      const parent = this.parents.get(next)!
      this.parents.set(next, root)
      next = parent
    }
    return root
  }

  join(a: Value, b: Value): void {
    const [left, right] = [this.of(a), this.of(b)]
    if (left !== right) this.parents.set(left, right)
  }
}

/** The blocks of `value`; undefined if it should not be blocked. */
export type BlockPlan = (value: Value) => Blocks | undefined

/** Plans the values of `operations`, which come in the order of their computation. `b`: channels of a block. */
export function planBlocks(operations: readonly Operation[], b: number): BlockPlan {
  if (b === 0) return () => undefined
  const sets = new Sets()
  const concatenations: Operation[] = []
  for (const operation of operations) {
    const { kernel, inputs, outputs, attributes } = operation
    if (kernel === 'Concat' && attributes.axis === 3) concatenations.push(operation)
    if (MIXES_CHANNELS.has(kernel)) continue
    const [first] = outputs
    if (kernel === 'Reshape' && String(inputs[0].shape) !== String(first.shape)) continue
    for (const value of [...inputs, ...outputs])
      if (isBlockable(value) && isBlockable(first) && value.shape[3] === first.shape[3])
        sets.join(value, first)
  }
  const parts = new Map<Value, readonly Value[]>()
  for (const { inputs, outputs } of concatenations) {
    const set = sets.of(outputs[0])
    if (inputs.length > 1 && !parts.has(set)) parts.set(set, inputs)
  }
  const planned = new Map<Value, Blocks | undefined>()
  const plan: BlockPlan = (value) => {
    if (!isBlockable(value)) return undefined
    const set = sets.of(value)
    if (!planned.has(set)) {
      const channels = set.shape[3]
      const alone = blocksOf(channels, b)
      const pieces = parts.get(set)?.map(plan)
      const blocks = pieces?.every((piece) => piece !== undefined) ? pieces.flat() : alone
      planned.set(set, blocks.length * b <= MOST_PLACES * channels ? blocks : undefined)
    }
    return planned.get(set)
  }
  return plan
}
