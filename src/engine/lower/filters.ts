/**
 * Converts filters from TensorFlow's HWIO to the layouts of ONNX Runtime's kernels. A block has `b` channels; bi and bo
 * are the positions of input and output channels in their blocks.
 */
import type { Value } from '../trace/record.js'
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

/** O/b × I/b × kh × kw × bi × bo, or with few input channels O/b × I × kh × kw × bo; `swap` as above. */
export function denseBlocked(e: Emitter, filter: Value, swap: boolean): string {
  const [kh, kw, i, o] = filter.shape
  const b = e.block
  const name = taps(e, filter, swap)
  if (!swap && i < b)
    return e.reshape(
      e.transpose(e.reshape(name, [kh * kw, i, o / b, b], filter), [2, 1, 0, 3]),
      [o, i, kh, kw],
      filter,
    )
  const split = e.reshape(name, [kh * kw, i / b, b, o / b, b], filter)
  return swap
    ? e.reshape(e.transpose(split, [1, 3, 0, 4, 2]), [i, o, kh, kw], filter)
    : e.reshape(e.transpose(split, [3, 1, 0, 2, 4]), [o, i, kh, kw], filter)
}

/** C·M × 1 × kh × kw; with `flip`, rotated by 180°. */
export function depthwiseNchw(e: Emitter, filter: Value, flip: boolean): string {
  const [kh, kw, c, m] = filter.shape
  return e.reshape(e.transpose(taps(e, filter, flip), [1, 2, 0]), [c * m, 1, kh, kw], filter)
}

/** C/b × 1 × kh × kw × b, for a channel multiplier of one; `flip` as above. */
export function depthwiseBlocked(e: Emitter, filter: Value, flip: boolean): string {
  const [kh, kw, c] = filter.shape
  const b = e.block
  const split = e.reshape(taps(e, filter, flip), [kh * kw, c / b, b], filter)
  return e.reshape(e.transpose(split, [1, 0, 2]), [c, 1, kh, kw], filter)
}
