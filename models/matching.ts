/** Which object each anchor or proposal is matched to, and which of them are sampled for the loss. */
import * as tf from '@tensorflow/tfjs'
import { boxIou, intersectionOverArea } from './boxes.js'
import { CROWD, type GroundTruth } from './ground-truth.js'

/** The matches of N candidates. */
export interface Matches {
  /** N, int32: index of the object with which each candidate has the highest overlap; meaningless without objects. */
  matched: tf.Tensor1D
  /** N: 1 where the candidate counts as that object. */
  positive: tf.Tensor1D
  /** N: 1 where it counts as background. A candidate that is neither positive nor negative is ignored. */
  negative: tf.Tensor1D
}

export interface MatchSettings {
  positiveIou: number
  negativeIou: number
  /** Whether the candidates with the highest overlap with an object are positive even below `positiveIou`. */
  allowLowQualityMatches: boolean
  /** N: 0 for candidates to ignore. */
  eligible?: tf.Tensor1D
}

const mask = (condition: tf.Tensor): tf.Tensor1D => tf.cast(condition, 'float32') as tf.Tensor1D

/** A candidate is not background when more than this fraction of its area lies in a crowd. */
const CROWD_FRACTION = 0.5

/**
 * Matches N candidates (N×4, pixels) to an image's objects by intersection over union: with an
 * overlap of at least `positiveIou` a candidate is matched to its best object, with one below `negativeIou` it is
 * background (Ren et al. 2015, section 3.1.2). Nothing is matched to a crowd.
 */
export function matchBoxes(
  candidates: tf.Tensor2D,
  { boxes, labels }: GroundTruth,
  { positiveIou, negativeIou, allowLowQualityMatches, eligible }: MatchSettings,
): Matches {
  const isObject = tf.expandDims(mask(tf.greaterEqual(labels, 0)), 0)
  const isCrowd = tf.expandDims(mask(tf.equal(labels, CROWD)), 0)
  const all = tf.mul(boxIou(candidates, boxes), isObject)
  const iou = (eligible ? tf.mul(all, tf.expandDims(eligible, 1)) : all) as tf.Tensor2D
  const best = tf.max<tf.Tensor1D>(iou, 1)
  let positive = mask(tf.greaterEqual(best, positiveIou))
  if (allowLowQualityMatches) {
    const most = tf.max(iou, 0, true)
    const isMost = tf.logicalAnd(tf.equal(iou, most), tf.greater(iou, 0))
    positive = tf.maximum(positive, tf.max(mask(isMost), 1))
  }
  const inCrowd = tf.max(tf.mul(intersectionOverArea(candidates, boxes), isCrowd), 1)
  const background = mask(tf.logicalAnd(tf.less(best, negativeIou), tf.lessEqual(inCrowd, CROWD_FRACTION)))
  const negative = tf.mul(background, tf.sub(1, positive)) as tf.Tensor1D
  return {
    matched: tf.argMax<tf.Tensor1D>(iou, 1),
    positive,
    negative: eligible ? tf.mul(negative, eligible) : negative,
  }
}

/**
 * Samples at most `count` candidates for the loss, at most `share` of them positive; negatives fill the rest.
 *
 * @param noise N numbers in [0, 1): candidates with the highest numbers are sampled
 * @returns masks of N numbers, 1 where a candidate is sampled: as a positive, as a negative
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
  // The priority of the last negative that still fits is the threshold.
  const second = tf.mul(negative, priority) as tf.Tensor1D
  const ranked = tf.topk(second, fitting).values
  const left = tf.sub(fitting, tf.sum(chosen))
  const places = tf.tensor1d(Array.from({ length: fitting }, (_, i) => i + 1))
  const threshold = tf.sum(tf.mul(ranked, mask(tf.equal(places, left))))
  return { positive: chosen, negative: tf.mul(atLeast(second, threshold), mask(tf.greater(left, 0))) }
}

/** 1 where a priority is above 0 and at least `threshold`. */
function atLeast(priority: tf.Tensor1D, threshold: tf.Tensor): tf.Tensor1D {
  return mask(tf.logicalAnd(tf.greater(priority, 0), tf.greaterEqual(priority, threshold)))
}
