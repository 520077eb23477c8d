/**
 * A TensorFlow.js backend whose kernels compute nothing: each records what it was asked for.
 * Automatic differentiation comes with it, for gradients are just more recorded kernels.
 */
import * as tf from '@tensorflow/tfjs'
import { RULES } from './kernels.js'
import { type DType, Recording, type Value } from './record.js'
import type { KernelAttributes } from './rule.js'

export const TRACE_BACKEND = 'onnx-trace'

/** Constants longer than this are looked through: all their numbers may be the same. */
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
    if (!value) throw new Error('a tensor made outside of the trace was used in it; pass it in as an input')
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
    // TensorFlow.js's gradients make whole tensors of ones: a graph should not carry those.
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
  new Error('a traced function asked for a tensor’s numbers; there are none while a graph is being recorded')

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

export interface Tracer {
  /** A graph input. `batched`: its first axis is the symbolic batch of an exported model. */
  input(name: string, shape: number[], dtype?: DType, batched?: boolean): tf.Tensor
}

export interface Trace {
  recording: Recording
  /** The traced function's results, by name. */
  outputs: Record<string, Value>
}

/**
 * Runs `f` once on the recording backend. `f` must be synchronous, read no tensor's numbers, and use no
 * tensor made before it was called. The backend that was set before is set again afterwards.
 */
export function trace(f: (tracer: Tracer) => Record<string, tf.Tensor>): Trace {
  if (!registered) {
    register()
    registered = true
  }
  // Where none was set yet, TensorFlow.js would ask for the one registered last; that must not be this one.
  const before = tf.getBackend() ?? 'cpu'
  const recording = new Recording()
  backend.recording = recording
  // For a backend that starts synchronously, as both of these do, all of setBackend's work happens at once.
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
