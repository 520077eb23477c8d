/**
 * The context of a model function: everything that it takes besides its images.
 *
 * A model is a pure function of tensors. Its weights, moving statistics, noise and training progress come from its
 * context, by path. So the same function can run eagerly on any TensorFlow.js backend, be traced into an ONNX graph, or
 * be counted only.
 */
import type * as tf from '@tensorflow/tfjs'

/** The initial value of a parameter, as data, so that any host can draw it from (seed, path). */
export type Initializer =
  | { kind: 'constant'; value: number }
  /** Normal with standard deviation √(scale / fan), truncated at two deviations and rescaled, as in TensorFlow. */
  | { kind: 'varianceScaling'; scale: number; fanIn: number }
  /** Uniform in [−limit, limit). */
  | { kind: 'uniform'; limit: number }

/** A parameter that a model takes from its context. */
export interface ParameterSpec {
  /** Unique, slash-separated, for example `cell_3/block_2/left/separable_1/depthwise`. */
  path: string
  shape: number[]
  initializer: Initializer
  /** `weight`: trained, with weight decay. `bias`: trained, without (batch norm, biases). `statistic`: not trained. */
  role: 'weight' | 'bias' | 'statistic'
}

/** The weights, statistics, noise and training progress of a model. */
export interface Context {
  /** Whether batch statistics, dropout and drop path are used, and statistics are updated. */
  readonly training: boolean
  /** Fraction of training done, a scalar in [0, 1]; 1 when not training. */
  readonly progress: tf.Scalar
  /** The parameter at `path` below this context. The same path gives the same tensor; with another shape it throws. */
  parameter(path: string, shape: number[], initializer: Initializer, role: ParameterSpec['role']): tf.Tensor
  /**
   * Sets the statistic at `path`, after this step, to `keep` times itself plus `gain` times `value`, which has the same
   * shape. At most one call per step and path; ignored when not training.
   */
  update(path: string, value: tf.Tensor, keep: number, gain: number): void
  /** Numbers in [0, 1). The host draws them from (seed, step, path), so that graphs are deterministic. */
  uniform(path: string, shape: number[]): tf.Tensor
  /** The same context with `path/` before every path. */
  in(path: string): Context
}
