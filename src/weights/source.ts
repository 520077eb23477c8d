/** Tensors of a weight file, whatever its format. */
/** Element types that can be read. float16, bfloat16 and float64 become float32 where a value fits exactly or nearly; the
 *  reader says in `notes` what was converted. */
export interface TensorInfo {
  /** As the file names it, for example `conv0/weights`. */
  name: string
  /** As the file states it: 'float32', 'float16', 'bfloat16', 'float64', 'int32', 'int64' … */
  dtype: string
  /** In the file's own order of axes. */
  shape: readonly number[]
}
export interface TensorSource {
  /** For people: the path as the user named it. */
  readonly path: string
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** Numbers of a tensor in row-major order. Throws a UserError that names the tensor when its bytes are damaged. */
  read(name: string): Promise<Float32Array>
  close(): Promise<void>
}
/** A tensor to write. */
export interface NamedTensor {
  name: string
  shape: readonly number[]
  data: Float32Array
}
