/** The messages between a session and its worker thread. */

/** Element types of tensors, by ONNX Runtime's names. */
export type TensorType = 'float32' | 'int32' | 'int64' | 'uint8' | 'bool'
export type Numbers = Float32Array | Int32Array | Uint8Array
export interface Tensor {
  type: TensorType
  shape: number[]
  data: Numbers
}
export type Tensors = Record<string, Tensor>

/** A model in a file, which is read by the worker thread. */
export interface ModelFile {
  path: string
  /** SHA-256 that the file must have, in hexadecimal digits. */
  sha256: string
}

export interface SessionOptions {
  /** Threads that one operation may use; by default all cores. */
  threads?: number
  /**
   * Let threads that wait for their part of an operation spin instead of sleep. True by default: right where nothing else
   * computes. False leaves the cores to others, such as other sessions and programs.
   */
  spinning?: boolean
  /** Let ONNX Runtime rewrite the graph: slower to start, right for graphs of constants such as exported models. */
  optimize?: boolean
  /** ONNX Runtime's execution provider. `cpu` by default. */
  provider?: string
  /** Output name → input name: the output of a run is the input of the next one, and stays in the worker. */
  carried?: Record<string, string>
  /** Where ONNX Runtime's profiler writes; the file's name is this prefix and a time. */
  profilePrefix?: string
  /**
   * Plan one block of memory for all values of a run, beside the arena that the first run filled: a few per cent
   * faster for small graphs, and up to twice the peak for the graphs of training. False by default.
   */
  memoryPattern?: boolean
  /** Use a thread that no session had before and none gets afterwards. False by default. */
  exclusive?: boolean
}

/** An input or output of a model. */
export interface ValueInfo {
  name: string
  /** ONNX Runtime's name of the element type; undefined for what is not a tensor. */
  type: string | undefined
  /** Text, or a negative number, for a symbolic dimension. */
  shape: readonly (number | string)[]
}

export interface Signature {
  inputs: readonly ValueInfo[]
  outputs: readonly ValueInfo[]
}

export interface TimedRun {
  outputs: Tensors
  /** Time in ONNX Runtime, without the way to the worker thread and back. */
  milliseconds: number
}

/** What each kind of request carries. */
export interface Requests {
  open: { model: Uint8Array | ModelFile; options: SessionOptions }
  run: { feeds: Tensors }
  load: { carried: Tensors }
  read: object
  close: object
}

/** What each kind of request is answered with. */
export interface Results {
  open: Signature
  run: TimedRun
  load: undefined
  read: Tensors
  close: undefined
}

export type Kind = keyof Requests
export type Request = { [K in Kind]: { id: number; kind: K } & Requests[K] }[Kind]

export type Reply =
  | { id: number; result: Results[Kind] }
  /** `fileChanged`: a model file does not have the SHA-256 that was asked for. */
  | { id: number; error: string; fileChanged: boolean }

/** The buffers of tensors, each once: a message moves them to the other thread instead of copying them. */
export function buffersOf(tensors: Tensors): ArrayBuffer[] {
  const views = Object.values(tensors).filter(({ data }) => ArrayBuffer.isView(data))
  return [...new Set(views.map(({ data }) => data.buffer as ArrayBuffer))]
}
