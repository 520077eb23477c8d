/// <reference types="node" preserve="true" />

/**
 * From functions of tensors to compiled ONNX graphs. `src/runtime` runs the graphs.
 *
 * @module nasnet-toolkit/engine
 */

export {
  type Numbers,
  openSession,
  type Session,
  type SessionOptions,
  type Tensor,
  type Tensors,
} from '../runtime/session.js'
export type { ModelFile, Signature, TensorType, TimedRun, ValueInfo } from '../runtime/session-protocol.js'
export { blockSize } from './block-size.js'
export { type CompileOptions, compile, type Program } from './compile.js'
export type { OnnxType, OnnxValueInfo } from './onnx/graph.js'
export { TRACE_BACKEND, type Trace, type Tracer, trace } from './trace/backend.js'
export {
  type Attributes,
  type DType,
  needed,
  type Operation,
  type OutputSpec,
  Recording,
  sizeOf,
  type Value,
} from './trace/record.js'
