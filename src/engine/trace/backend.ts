/**
 * A TensorFlow.js backend whose kernels compute nothing: each call of a kernel is recorded. Automatic differentiation
 * works unchanged, because gradients are kernels too.
 */
import * as tf from '@tensorflow/tfjs'
import { RULES } from './kernels.js'
import { type DType, Recording, type Value } from './record.js'
import type { KernelAttributes } from './rule.js'

/** Name of the recording backend in TensorFlow.js. */
export const TRACE_BACKEND = 'onnx-trace'

/** Constants longer than this are checked for being uniform. */
const UNIFORM_ELEMENTS = 64

class TraceBackend extends tf.KernelBackend {
  recording = new Recording()
  private readonly values = new WeakMap<object, Value>()

  hold(value: Value): tf.TensorInfo {
    const dataId = {}
    this.values.set(dataId, value)
    return { dataId, shape: [...value.shape], dtype: value.dtype }
  }

  traced(info: tf.TensorInfo): Value {
    const value = this.values.get(info.dataId)
    if (!value)
      throw new Error('a tensor that was made outside of the trace is used in it; pass it as an input')
    return value
  }

  override write(values: tf.backend_util.BackendValues | null, shape: number[], dtype: tf.DataType): object {
    const size = tf.util.sizeFromShape(shape)
    // TensorFlow.js writes null for a tensor of zeros that it will fill itself.
    const numbers = values === null ? new Float32Array(size) : values
    const data =
      dtype === 'float32'
        ? Float32Array.from(numbers as ArrayLike<number>)
        : dtype === 'bool'
          ? Uint8Array.from(numbers as ArrayLike<number>)
          : Int32Array.from(numbers as ArrayLike<number>)
    // Gradients in TensorFlow.js create large tensors of ones, which should not be stored in the graph.
    const uniform = size > UNIFORM_ELEMENTS && data.every((value) => value === data[0])
    const value = uniform
      ? filled(shape, data[0], dtype as DType)
      : this.recording.constant(data, shape, dtype as DType)
    return this.hold(value).dataId
  }

  override move(
    dataId: object,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): void {
    const held = this.write(values, shape, dtype)
    this.values.set(dataId, this.values.get(held)!)
  }

  override read(): Promise<tf.backend_util.BackendValues> {
    throw unreadable()
  }
  override readSync(): tf.backend_util.BackendValues {
    throw unreadable()
  }
  override numDataIds(): number {
    return 0
  }
  override disposeData(): boolean {
    return true
  }
  override incRef(): void {}
  decRef(): void {}
  override refCount(): number {
    return 1
  }
  override epsilon(): number {
    return 1e-7
  }
  override floatPrecision(): 16 | 32 {
    return 32
  }
  override timerAvailable(): boolean {
    return false
  }
}

const unreadable = () =>
  new Error('a traced function reads the numbers of a tensor; there are none while a graph is recorded')

const backend = new TraceBackend()

function register(): void {
  tf.registerBackend(TRACE_BACKEND, () => backend)
  for (const [kernelName, rule] of Object.entries(RULES))
    tf.registerKernel({
      kernelName,
      backendName: TRACE_BACKEND,
      kernelFunc: ({ inputs, attrs }) => {
        const operands = Object.values(inputs as Record<string, tf.TensorInfo>)
          .filter((info) => info !== undefined && info !== null)
          .map((info) => backend.traced(info))
        const { outputs, attributes, list } = rule(operands, (attrs ?? {}) as KernelAttributes)
        const made = backend.recording.operation(kernelName, operands, attributes ?? {}, outputs)
        return made.length === 1 && !list ? backend.hold(made[0]) : made.map((value) => backend.hold(value))
      },
    })
  tf.registerKernel({
    kernelName: 'Fill',
    backendName: TRACE_BACKEND,
    kernelFunc: ({ attrs }) => {
      const { shape, value, dtype } = attrs as unknown as {
        shape: number[]
        value: number
        dtype?: tf.DataType
      }
      return backend.hold(filled(shape, value, (dtype ?? 'float32') as DType))
    },
  })
}

function filled(shape: number[], value: number, dtype: DType): Value {
  const scalar = backend.recording.constant(
    dtype === 'float32'
      ? Float32Array.of(value)
      : dtype === 'bool'
        ? Uint8Array.of(value)
        : Int32Array.of(value),
    [],
    dtype,
  )
  return backend.recording.operation('BroadcastTo', [scalar], { shape }, [{ shape, dtype }])[0]
}

let registered = false

/** What a traced function receives. */
export interface Tracer {
  /** Declares a graph input. `batched`: its first axis is the symbolic batch of an exported model. */
  input(name: string, shape: number[], dtype?: DType, batched?: boolean): tf.Tensor
}

/** The record of a traced function, and its results. */
export interface Trace {
  recording: Recording
  /** The traced function's results, by name. */
  outputs: Record<string, Value>
}

/**
 * Runs `f` once on the recording backend, and restores the previous backend. `f` must be synchronous, must not read the
 * numbers of a tensor, and must not use tensors that were made before the call.
 *
 * @throws Error when `f` breaks these rules, or calls a kernel in a form that cannot be traced
 */
export function trace(f: (tracer: Tracer) => Record<string, tf.Tensor>): Trace {
  if (!registered) {
    register()
    registered = true
  }
  // When none is set yet, TensorFlow.js would choose the backend registered last, which is this one.
  const before = tf.getBackend() ?? 'cpu'
  const recording = new Recording()
  backend.recording = recording
  // Both backends start synchronously, so setBackend takes effect at once.
  void tf.setBackend(TRACE_BACKEND)
  try {
    const outputs: Record<string, Value> = {}
    tf.tidy(() => {
      const results = f({
        input: (name, shape, dtype = 'float32', batched = false) =>
          tf
            .engine()
            .makeTensorFromTensorInfo(backend.hold(recording.input(name, shape, dtype, batched)), backend),
      })
      for (const [name, tensor] of Object.entries(results)) outputs[name] = backend.traced(tensor)
    })
    return { recording, outputs }
  } finally {
    void tf.setBackend(before)
  }
}
