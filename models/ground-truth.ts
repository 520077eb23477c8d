/** The annotated objects that the losses of a detector compare its output with. */
import type * as tf from '@tensorflow/tfjs'

/** The label of a row that only fills up the list. */
export const NO_OBJECT = -1
/** The label of a crowd. What lies in it counts neither as an object nor as background. */
export const CROWD = -2

/** The objects of one image, padded to G rows. */
export interface GroundTruth {
  /** G×4, [x1, y1, x2, y2] in pixels. */
  boxes: tf.Tensor2D
  /** G, int32: class from 0, or {@link NO_OBJECT}, or {@link CROWD}. */
  labels: tf.Tensor1D
}
