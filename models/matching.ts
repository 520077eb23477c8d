/** Which anchors and proposals are which object, and which of them the loss is taken over. */
import * as tf from '@tensorflow/tfjs'
import { boxIou, coverage } from './boxes.js'

/** The objects of one image, padded: boxes G×4 in pixels, labels G int32 (class from 0, −1 nothing, −2 a crowd). */
export interface Truth {
  boxes: tf.Tensor2D
  labels: tf.Tensor1D
}

const CROWD = -2

export interface Matches {
  /** Index of the object that each candidate overlaps most, int32; meaningless in an image without objects. */
  matched: tf.Tensor1D
  /** 1 where the candidate counts as that object. */
  positive: tf.Tensor1D
  /** 1 where it counts as background. A candidate that is neither counts for nothing. */
  negative: tf.Tensor1D
}

export interface MatchSettings {
  positiveIou: number
  negativeIou: number
  /** The candidates that overlap an object most are positive, however little that is. */
  everyObject: boolean
  /** N: 0 for candidates that count for nothing. */
  eligible?: tf.Tensor1D
}

const mask = (condition: tf.Tensor): tf.Tensor1D => tf.cast(condition, 'float32') as tf.Tensor1D

/** A candidate that lies in a crowd for more than this part of it is not background. */
const CROWD_PART = 0.5

/**
 * Matches N candidates (N×4, pixels) to an image's objects by intersection over union: from `positiveIou` up a
 * candidate is its best object, below `negativeIou` background (Ren et al. 2015, section 3.1.2). Crowds match nothing.
 */
export function matchBoxes(
  candidates: tf.Tensor2D,
  { boxes, labels }: Truth,
  { positiveIou, negativeIou, everyObject, eligible }: MatchSettings,
): Matches {
  const isObject = tf.expandDims(mask(tf.greaterEqual(labels, 0)), 0)
  const isCrowd = tf.expandDims(mask(tf.equal(labels, CROWD)), 0)
  const all = tf.mul(boxIou(candidates, boxes), isObject)
  const iou = (eligible ? tf.mul(all, tf.expandDims(eligible, 1)) : all) as tf.Tensor2D
  const best = tf.max<tf.Tensor1D>(iou, 1)
  let positive = mask(tf.greaterEqual(best, positiveIou))
  if (everyObject) {
    const most = tf.max(iou, 0, true)
    const isMost = tf.logicalAnd(tf.equal(iou, most), tf.greater(iou, 0))
    positive = tf.maximum(positive, tf.max(mask(isMost), 1))
  }
  const inCrowd = tf.max(tf.mul(coverage(candidates, boxes), isCrowd), 1)
  const background = mask(tf.logicalAnd(tf.less(best, negativeIou), tf.lessEqual(inCrowd, CROWD_PART)))
  const negative = tf.mul(background, tf.sub(1, positive)) as tf.Tensor1D
  return {
    matched: tf.argMax<tf.Tensor1D>(iou, 1),
    positive,
    negative: eligible ? tf.mul(negative, eligible) : negative,
  }
}

/**
 * Draws at most `count` of the candidates for the loss, at most `share` of them positive; negatives fill up what
 * positives leave.
 *
 * @param noise N numbers in [0, 1): those with the highest are taken
 * @returns N masks, 1 where taken: the positives, the negatives
 */
export function sampleBalanced(
  { positive, negative }: Matches,
  noise: tf.Tensor1D,
  count: number,
  share: number,
): { positive: tf.Tensor1D; negative: tf.Tensor1D } {
  const priority = tf.add(noise, 1)
  const fitting = Math.min(count, noise.size)
  const first = tf.mul(positive, priority) as tf.Tensor1D
  const quota = Math.max(1, Math.min(Math.floor(count * share), noise.size))
  const chosen = atLeast(first, tf.slice1d(tf.topk(first, quota).values, quota - 1, 1))
  // As many negatives as are left over: the last of them sets the bar.
  const second = tf.mul(negative, priority) as tf.Tensor1D
  const ranked = tf.topk(second, fitting).values
  const left = tf.sub(fitting, tf.sum(chosen))
  const places = tf.tensor1d(Array.from({ length: fitting }, (_, i) => i + 1))
  const bar = tf.sum(tf.mul(ranked, mask(tf.equal(places, left))))
  return { positive: chosen, negative: tf.mul(atLeast(second, bar), mask(tf.greater(left, 0))) }
}

/** 1 where a priority is there (above 0) and reaches the bar. */
function atLeast(priority: tf.Tensor1D, bar: tf.Tensor): tf.Tensor1D {
  return mask(tf.logicalAnd(tf.greater(priority, 0), tf.greaterEqual(priority, bar)))
}
