import type { Emitter } from './emitter.js'

/**
 * Σ over rows of a rows × columns matrix, each weighted by `weight`: `columns` numbers. It is a matrix
 * product, because ONNX Runtime's sums over the first axis take several times as long.
 */
export function sumOfRows(e: Emitter, name: string, rows: number, weight = 1): string {
  return e.node('MatMul', [e.constant('float32', [rows], new Float32Array(rows).fill(weight)), name])
}
