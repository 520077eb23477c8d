/**
 * Converts filters from TensorFlow's HWIO to the layouts of ONNX Runtime's kernels. A block has `b` places; bi and bo
 * are the positions of input and output channels in their blocks. Filters of free places are zeros.
 */
import type { Value } from '../trace/record.js'
import type { Blocks } from './blocks.js'
import type { Emitter } from './emitter.js'

/** Filters rotated by 180°, for the gradient with respect to the input. */
function taps(e: Emitter, filter: Value, flip: boolean): string {
  const [kh, kw, i, o] = filter.shape
  const name = e.reshape(e.as(filter, 'plain'), [kh * kw, i, o], filter)
  if (!flip || kh * kw === 1) return name
  const reversed = Array.from({ length: kh * kw }, (_, tap) => kh * kw - 1 - tap)
  return e.node('Gather', [name, e.ints(reversed)], { axis: 0 })
}

/** O × I × kh × kw; with `swap`, I × O × kh × kw, rotated by 180°. */
export function denseNchw(e: Emitter, filter: Value, swap: boolean): string {
  const [kh, kw, i, o] = filter.shape
  if (!swap) return e.transpose(e.as(filter, 'plain'), [3, 2, 0, 1])
  return e.reshape(e.transpose(taps(e, filter, true), [1, 2, 0]), [i, o, kh, kw], filter)
}

/**
 * O/b × I/b × kh × kw × bi × bo; with `swap`, I/b × O/b × kh × kw × bo × bi, rotated by 180°. Without blocks of the input,
 * O/b × I × kh × kw × bo: ONNX Runtime then reads an NCHW input.
 */
export function denseBlocked(
  e: Emitter,
  filter: Value,
  input: Blocks | undefined,
  output: Blocks,
  swap: boolean,
): string {
  const [kh, kw, i] = filter.shape
  const b = e.block
  const O = output.length
  const placed = e.toPlaces(taps(e, filter, swap), 2, 3, output)
  if (!input) {
    const split = e.reshape(placed, [kh * kw, i, O, b], filter)
    return e.reshape(e.transpose(split, [2, 1, 0, 3]), [O * b, i, kh, kw], filter)
  }
  const I = input.length
  const split = e.reshape(e.toPlaces(placed, 1, 3, input), [kh * kw, I, b, O, b], filter)
  return swap
    ? e.reshape(e.transpose(split, [1, 3, 0, 4, 2]), [I * b, O * b, kh, kw], filter)
    : e.reshape(e.transpose(split, [3, 1, 0, 2, 4]), [O * b, I * b, kh, kw], filter)
}

/** C·M × 1 × kh × kw; with `flip`, rotated by 180°. */
export function depthwiseNchw(e: Emitter, filter: Value, flip: boolean): string {
  const [kh, kw, c, m] = filter.shape
  return e.reshape(e.transpose(taps(e, filter, flip), [1, 2, 0]), [c * m, 1, kh, kw], filter)
}

/** C/b × 1 × kh × kw × b, for a channel multiplier of one; `flip` as above. */
export function depthwiseBlocked(e: Emitter, filter: Value, blocks: Blocks, flip: boolean): string {
  const [kh, kw, c] = filter.shape
  const b = e.block
  const C = blocks.length
  const placed = e.toPlaces(e.reshape(taps(e, filter, flip), [kh * kw, c], filter), 1, 2, blocks)
  const split = e.reshape(placed, [kh * kw, C, b], filter)
  return e.reshape(e.transpose(split, [1, 0, 2]), [C * b, 1, kh, kw], filter)
}
