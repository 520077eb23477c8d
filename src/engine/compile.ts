/** From a trace to one ONNX graph. */

import { fuse } from './fuse.js'
import { ARRANGEMENT } from './lower/arrangement.js'
import { CONVOLUTION } from './lower/convolution.js'
import { DETECTION } from './lower/detection.js'
import { ELEMENTWISE } from './lower/elementwise.js'
import { Emitter } from './lower/emitter.js'
import { NORMALIZATION } from './lower/normalization.js'
import { planBlocks } from './lower/plan-blocks.js'
import { POOLING } from './lower/pooling.js'
import { REDUCTION } from './lower/reduction.js'
import type { Lowering } from './lower/table.js'
import { encodeModel } from './onnx/encode.js'
import { type OnnxGraph, type OnnxType, type OnnxValueInfo, prune } from './onnx/graph.js'
import type { Trace } from './trace/backend.js'
import { needed, type Value } from './trace/record.js'

const LOWERINGS: Record<string, Lowering> = {
  ...ARRANGEMENT,
  ...CONVOLUTION,
  ...DETECTION,
  ...ELEMENTWISE,
  ...NORMALIZATION,
  ...POOLING,
  ...REDUCTION,
}

/** Names of the TensorFlow.js kernels that can be written as ONNX. */
export const loweredKernels = (): string[] => Object.keys(LOWERINGS)

export interface CompileOptions {
  /** Channels per block of ONNX Runtime's blocked layout (see `blockSize`). Default 0: a portable graph. */
  block?: number
  /** The traced batch size that becomes a symbolic first axis named `batch`. */
  symbolicBatch?: number
  /** Types of inputs that differ from their traced types, for example uint8 images. */
  inputTypes?: Record<string, OnnxType>
  /** Becomes `metadata_props`. */
  metadata?: Record<string, string>
}

/** A compiled graph. */
export interface Program {
  /** The bytes of the ONNX file. */
  model: Uint8Array
  inputs: OnnxValueInfo[]
  outputs: OnnxValueInfo[]
  /** Number of nodes in the graph. */
  nodes: number
}

const CAST_TO: Record<Value['dtype'], number> = { float32: 1, int32: 6, bool: 9 }

/**
 * Lowers the operations that the outputs need, fuses and encodes them.
 *
 * @throws Error that names a kernel that has no lowering
 */
export function compile(traced: Trace, options: CompileOptions = {}): Program {
  const { recording, outputs } = traced
  const operations = needed(recording, Object.values(outputs))
  const block = options.block ?? 0
  const plan = planBlocks(operations, block)
  const e = new Emitter({ block, plan, symbolicBatch: options.symbolicBatch })
  const inputs = recording.inputs.map((value) => declareInput(e, value, options))
  for (const operation of operations) {
    const lowering = LOWERINGS[operation.kernel]
    if (!lowering)
      throw new Error(`the TensorFlow.js kernel ${operation.kernel} cannot be written as ONNX yet`)
    lowering(e, operation, recording)
  }
  const results: OnnxValueInfo[] = []
  for (const [name, value] of Object.entries(outputs)) {
    e.nodes.push({
      op: 'Identity',
      domain: '',
      inputs: [e.as(value, 'plain')],
      outputs: [name],
      attributes: {},
    })
    results.push({ name, type: value.dtype, shape: dimensions(value, options) })
  }
  const graph: OnnxGraph = { nodes: e.nodes, initializers: e.initializers, inputs, outputs: results }
  const finished = fuse(prune(graph), e.blockedNames())
  return {
    model: encodeModel(finished, options.metadata),
    inputs,
    outputs: results,
    nodes: finished.nodes.length,
  }
}

function declareInput(e: Emitter, value: Value, options: CompileOptions): OnnxValueInfo {
  const name = value.input!
  const type = options.inputTypes?.[name] ?? value.dtype
  e.put(value, 'plain', type === value.dtype ? name : e.node('Cast', [name], { to: CAST_TO[value.dtype] }))
  return { name, type, shape: dimensions(value, options) }
}

function dimensions(value: Value, { symbolicBatch }: CompileOptions): (number | string)[] {
  const symbolic = symbolicBatch !== undefined && value.batched && value.shape[0] === symbolicBatch
  return symbolic ? ['batch', ...value.shape.slice(1)] : [...value.shape]
}
