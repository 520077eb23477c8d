/** From functions of tensors to compiled ONNX graphs. `src/runtime` runs the graphs. */

export {
  type Numbers,
  openSession,
  type Session,
  type SessionOptions,
  type Tensor,
  type Tensors,
} from '../runtime/session.js'
export { blockSize } from './block-size.js'
export { type CompileOptions, compile, type Program } from './compile.js'
export { TRACE_BACKEND, type Trace, type Tracer, trace } from './trace/backend.js'
export {
  type Attributes,
  type DType,
  needed,
  type Operation,
  Recording,
  sizeOf,
  type Value,
} from './trace/record.js'
