/**
 * What a model function is given besides its images.
 *
 * A model is a pure function of tensors. Everything that makes it a *network* (weights, moving statistics,
 * randomness, the clock) comes through its context, by path. So the same function runs eagerly on any
 * TensorFlow.js backend, is traced into an ONNX graph, or is only counted.
 */
import type * as tf from '@tensorflow/tfjs'

/** How a parameter starts, as data, so that any host can draw it from (seed, path). */
export type Initializer =
  | { kind: 'constant'; value: number }
  /** Normal with standard deviation √(scale / fan), cut at two deviations and rescaled, as TensorFlow does. */
  | { kind: 'varianceScaling'; scale: number; fanIn: number }
  /** Uniform in [−limit, limit). */
  | { kind: 'uniform'; limit: number }

export interface ParameterSpec {
  /** Unique, slash-separated, for example `cell_3/block_2/left/separable_1/depthwise`. */
  path: string
  shape: number[]
  initializer: Initializer
  /** `weight`: trained, with weight decay. `bias`: trained, without (batch norm, biases). `statistic`: not trained. */
  role: 'weight' | 'bias' | 'statistic'
}

export interface Context {
  /** Batch statistics, dropout and drop path are on; statistics are updated. */
  readonly training: boolean
  /** Fraction of training done, a scalar in [0, 1]; 1 when not training. */
  readonly progress: tf.Scalar
  /** The parameter at `path` below this context. Asking twice for a path gives the same tensor; other shapes throw. */
  parameter(path: string, shape: number[], initializer: Initializer, role: ParameterSpec['role']): tf.Tensor
  /**
   * After this step, the statistic at `path` is `keep` times itself plus `gain` times `value`, which has its shape.
   * Once a step at most; ignored when not training.
   */
  update(path: string, value: tf.Tensor, keep: number, gain: number): void
  /** Numbers in [0, 1), drawn by the host from (seed, step, path): the graph itself holds no randomness. */
  uniform(path: string, shape: number[]): tf.Tensor
  /** The same context with `path/` before every path. */
  in(path: string): Context
}
