/** What a session and its worker thread say to each other. */

/** Element types of tensors, by ONNX Runtime's names. */
export type TensorType = 'float32' | 'int32' | 'int64' | 'uint8' | 'bool'
export type Numbers = Float32Array | Int32Array | Uint8Array
export interface Tensor {
  type: TensorType
  shape: number[]
  data: Numbers
}
export type Tensors = Record<string, Tensor>

export interface SessionOptions {
  /** Threads that one operation may use; by default all cores. */
  threads?: number
  /** Let ONNX Runtime rewrite the graph: slower to start, right for graphs of constants such as exported models. */
  optimize?: boolean
  /** ONNX Runtime's execution provider. `cpu` by default. */
  provider?: string
  /** Output name → input name: what a run answers there is the next run's input, and stays in the worker. */
  carried?: Record<string, string>
  /** Where ONNX Runtime's profiler writes; the file's name is this prefix and a time. */
  profilePrefix?: string
}

export type Request =
  | { id: number; kind: 'open'; model: Uint8Array; options: SessionOptions }
  | { id: number; kind: 'run'; feeds: Tensors }
  | { id: number; kind: 'load'; carried: Tensors }
  | { id: number; kind: 'read' }
  | { id: number; kind: 'close' }

export type Reply = { id: number; results: Tensors } | { id: number; error: string }
