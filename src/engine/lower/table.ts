import type { Operation, Recording } from '../trace/record.js'
import type { Emitter } from './emitter.js'

/** Writes the ONNX nodes of one traced operation, and records the names of its outputs in the emitter. */
export type Lowering = (e: Emitter, operation: Operation, recording: Recording) => void
