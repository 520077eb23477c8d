import type { Operation, Recording } from '../trace/record.js'
import type { Emitter } from './emitter.js'

/** Writes ONNX nodes for one traced operation and puts its outputs' names into the emitter. */
export type Lowering = (e: Emitter, operation: Operation, recording: Recording) => void
