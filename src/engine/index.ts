/** Tensors in, compiled graphs out. The only room, with the server, that knows ONNX Runtime. */
export { TRACE_BACKEND, type Trace, type Tracer, trace } from './backend.js'
export { blockSize } from './block-size.js'
export { type CompileOptions, compile, type Program } from './compile.js'
export {
  type Attributes,
  type DType,
  needed,
  type Operation,
  Recording,
  sizeOf,
  type Value,
} from './record.js'
export {
  type Numbers,
  openSession,
  type Session,
  type SessionOptions,
  type Tensor,
  type Tensors,
} from './session.js'
