/** The losses of both stages of Faster R-CNN (Ren et al. 2015, section 3.1.2; Girshick 2015). */
import * as tf from '@tensorflow/tfjs'
import { boxLosses } from './box-loss.js'
import { insideImage } from './boxes.js'
import type { Context } from './context.js'
import type { BoxHeadOutput, FasterRcnn, RpnOutput } from './faster-rcnn-types.js'
import type { GroundTruth } from './ground-truth.js'
import { softmaxCrossEntropy } from './losses.js'
import { matchBoxes, sampleBalanced } from './matching.js'
import type { Proposals } from './proposals.js'

/** Scalars: means over the images, times their weights. */
export interface DetectionLosses {
  objectness: tf.Scalar
  anchorBoxes: tf.Scalar
  classification: tf.Scalar
  boxes: tf.Scalar
}

/**
 * The losses on N×H×W×3 images in [−1, 1] with their annotated objects. Anchors and proposals are sampled by noise
 * from the context.
 */
export function detectionLosses(
  detector: FasterRcnn,
  ctx: Context,
  images: tf.Tensor4D,
  groundTruth: readonly GroundTruth[],
): DetectionLosses {
  const { proposals, weights } = detector.config
  const imageSize = [images.shape[1], images.shape[2]] as const
  const features = detector.firstStage(ctx, images)
  const rpn = detector.proposalNetwork(ctx, features)
  const first = groundTruth.map((objects, image) => rpnLosses(detector, ctx, rpn, imageSize, objects, image))

  const found = detector.propose(rpn, imageSize, proposals.postNmsTopNTraining, true)
  const samples = groundTruth.map((objects, image) =>
    sampleProposals(detector, ctx, found[image], objects, image),
  )
  const boxes = tf.stack(samples.map((sample) => sample.boxes)) as tf.Tensor3D
  const second = boxHeadLosses(detector, detector.secondStage(ctx, features, boxes), samples)

  const mean = (losses: tf.Scalar[]): tf.Scalar => tf.div(tf.addN(losses), losses.length)
  return {
    objectness: tf.mul(mean(first.map((loss) => loss.objectness)), weights.objectness),
    anchorBoxes: tf.mul(mean(first.map((loss) => loss.boxes)), weights.rpnBoxReg),
    classification: tf.mul(second.classification, weights.classifier),
    boxes: tf.mul(second.boxes, weights.boxReg),
  }
}

/** An int32 scalar, because adding the number 1 would make class indices floats. */
const one = () => tf.scalar(1, 'int32')

/** Row `image` of a tensor with one row for each image. */
const rowOf = <T extends tf.Tensor>(x: tf.Tensor, image: number): T =>
  tf.squeeze(tf.slice(x, [image], [1]), [0]) as T

/** Σ weight · loss / count, where the weights are 0 or 1. */
const weighted = (losses: tf.Tensor, weight: tf.Tensor, count: tf.Scalar): tf.Scalar =>
  tf.div(tf.sum(tf.mul(losses, weight)), count) as tf.Scalar

/** How many candidates were sampled, at least 1. */
const drawn = (sample: { positive: tf.Tensor; negative: tf.Tensor }): tf.Scalar =>
  tf.maximum(tf.add(tf.sum(sample.positive), tf.sum(sample.negative)), 1) as tf.Scalar

function rpnLosses(
  { config }: FasterRcnn,
  ctx: Context,
  { anchors, objectness, deltas }: RpnOutput,
  imageSize: readonly [number, number],
  groundTruth: GroundTruth,
  image: number,
): { objectness: tf.Scalar; boxes: tf.Scalar } {
  const { proposals, boxCoderWeights } = config
  const matches = matchBoxes(anchors, groundTruth, {
    ...proposals,
    allowLowQualityMatches: true,
    ...((proposals.ignoreCrossing || proposals.clipAnchors) && {
      eligible: insideImage(anchors, imageSize),
    }),
  })
  const noise = ctx.uniform(`anchors_${image}`, [anchors.shape[0]]) as tf.Tensor1D
  const sample = sampleBalanced(matches, noise, proposals.sample, proposals.positiveShare)
  const count = drawn(sample)
  const distances = boxLosses(proposals.boxLoss ?? 'smooth-l1', rowOf<tf.Tensor2D>(deltas, image), {
    anchors,
    targets: safeBoxes(groundTruth, matches.matched),
    weights: boxCoderWeights,
  })
  const crossEntropy = softmaxCrossEntropy(
    rowOf<tf.Tensor2D>(objectness, image),
    tf.cast(sample.positive, 'int32') as tf.Tensor1D,
  )
  return {
    objectness: weighted(crossEntropy, tf.add(sample.positive, sample.negative), count),
    boxes: weighted(distances, sample.positive, count),
  }
}

/** The matched boxes. Padding becomes a unit box, because the logarithms of its sides would not be finite. */
function safeBoxes({ boxes, labels }: GroundTruth, matched: tf.Tensor1D): tf.Tensor2D {
  const isBox = tf.cast(tf.expandDims(tf.greaterEqual(labels, 0), 1), 'float32')
  const unit = tf.mul(tf.sub(1, isBox), tf.tensor2d([[0, 0, 1, 1]]))
  return tf.gather(tf.add(tf.mul(boxes, isBox), unit) as tf.Tensor2D, matched)
}

interface ProposalSample {
  /** S×4 in pixels. */
  boxes: tf.Tensor2D
  /** S, int32: 0 is the background, class c is c + 1. */
  labels: tf.Tensor1D
  /** S×4: the objects that they are matched to. */
  targets: tf.Tensor2D
  /** S: 1 where the row was sampled. */
  drawn: tf.Tensor1D
  /** S: 1 where it is an object. */
  positive: tf.Tensor1D
}

/** Samples the proposals that the second stage is trained on. */
function sampleProposals(
  { config }: FasterRcnn,
  ctx: Context,
  proposals: Proposals,
  groundTruth: GroundTruth,
  image: number,
): ProposalSample {
  const { roiHeads } = config
  const isObject = tf.cast(tf.greaterEqual(groundTruth.labels, 0), 'float32') as tf.Tensor1D
  const boxes = roiHeads.appendGroundTruth
    ? tf.concat2d([proposals.boxes, groundTruth.boxes], 0)
    : proposals.boxes
  const eligible = roiHeads.appendGroundTruth ? tf.concat1d([proposals.valid, isObject]) : proposals.valid
  const { positiveIou, sample: count, positiveShare } = roiHeads
  const matches = matchBoxes(boxes, groundTruth, {
    positiveIou,
    negativeIou: positiveIou,
    allowLowQualityMatches: false,
    eligible,
  })
  const noise = ctx.uniform(`regions_${image}`, [boxes.shape[0]]) as tf.Tensor1D
  const sample = sampleBalanced(matches, noise, count, positiveShare)
  // Objects first, then background, then rows without a proposal.
  const order = tf.topk(
    tf.add(tf.mul(sample.positive, 2), sample.negative) as tf.Tensor1D,
    Math.min(count, boxes.shape[0]),
  ).indices as tf.Tensor1D
  const chosen = tf.gather(boxes, order)
  const matched = tf.gather(matches.matched, order)
  const positive = tf.gather(sample.positive, order)
  const labels = tf.mul(
    tf.add(tf.gather(groundTruth.labels, matched), one()),
    tf.cast(positive, 'int32'),
  ) as tf.Tensor1D
  return {
    boxes: chosen,
    labels,
    targets: safeBoxes(groundTruth, matched),
    drawn: tf.add(positive, tf.gather(sample.negative, order)),
    positive,
  }
}

/** Rows without a proposal may have no area, but their sides are divisors: they get an area. */
function withArea(boxes: tf.Tensor2D): tf.Tensor2D {
  const [x1, y1, x2, y2] = tf.split(boxes, 4, 1) as tf.Tensor2D[]
  return tf.concat2d([x1, y1, tf.maximum(x2, tf.add(x1, 1e-3)), tf.maximum(y2, tf.add(y1, 1e-3))], 1)
}

function boxHeadLosses(
  { config }: FasterRcnn,
  { logits, deltas }: BoxHeadOutput,
  samples: readonly ProposalSample[],
): { classification: tf.Scalar; boxes: tf.Scalar } {
  const all = <T extends tf.Tensor>(part: (sample: ProposalSample) => T): T =>
    tf.concat(samples.map(part) as tf.Tensor[], 0) as T
  const labels = all((sample) => sample.labels)
  const [taken, positive] = [all((sample) => sample.drawn), all((sample) => sample.positive)]
  const count = tf.maximum(tf.sum(taken), 1) as tf.Scalar
  const crossEntropy = softmaxCrossEntropy(logits, labels)
  // Only the deltas of the true class count. The background has none; its column is cut off after oneHot, because
  // oneHot needs at least two classes.
  const ofClass = tf.slice(tf.cast(tf.oneHot(labels, config.classes + 1), 'float32'), [0, 1], [-1, -1])
  const predicted = tf.sum(tf.mul(deltas, tf.expandDims(ofClass, 2)), 1) as tf.Tensor2D
  const distances = boxLosses(config.roiHeads.boxLoss ?? 'smooth-l1', predicted, {
    anchors: withArea(all((sample) => sample.boxes)),
    targets: all((sample) => sample.targets),
    weights: config.boxCoderWeights,
  })
  return {
    classification: weighted(crossEntropy, taken, count),
    boxes: weighted(distances, positive, count),
  }
}
