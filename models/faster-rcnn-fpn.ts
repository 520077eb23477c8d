/**
 * Faster R-CNN on a feature pyramid of a NASNet (Lin et al. 2017, section 4): the whole backbone and the pyramid run once
 * for an image; one region proposal network looks at all levels; for each proposal, features cropped from the level that
 * fits its size go through two dense layers.
 */
import * as tf from '@tensorflow/tfjs'
import type { AnchorSettings } from './anchors.js'
import { boxHead } from './box-head.js'
import type { FeatureMap } from './cell.js'
import { ModelError } from './errors.js'
import {
  checkAnchors,
  type FasterRcnnConfig,
  type PyramidConfig,
  pyramidStrides,
} from './faster-rcnn-config.js'
import type { FasterRcnn } from './faster-rcnn-types.js'
import { featurePyramid } from './feature-pyramid.js'
import { dense } from './layers.js'
import { cellPlan, runCell, stemConvolution } from './nasnet.js'
import type { NasnetConfig } from './nasnet-config.js'
import { sharedOperations } from './operations.js'
import { pyramidAlign } from './pyramid-align.js'
import { roiAlign } from './roi-align.js'
import { proposalNetwork, proposer } from './rpn.js'

/** Side of the boxes of stride 16, where the settings name none: that of ImageNet's images. */
const CANONICAL_SIZE = 224

/**
 * Builds a detector. Its first stage gives the levels of the pyramid, of which the coarsest is for the proposal network alone.
 *
 * @throws ModelError when no detector can be built from these settings
 */
export function fasterRcnnFpn(
  backbone: NasnetConfig,
  config: FasterRcnnConfig & { pyramid: PyramidConfig },
): FasterRcnn {
  const { anchors, pyramid, roiHeads } = config
  checkAnchors(anchors)
  if (backbone.stem !== 'imagenet')
    throw new ModelError(
      `A feature pyramid needs features of stride 32, but this backbone has the stem "${backbone.stem}"; choose one with the ImageNet stem.`,
    )
  const body: NasnetConfig = {
    ...backbone,
    stemPadding: config.stemPadding ?? 'same',
    auxiliaryHead: false,
    batchNorm: { ...backbone.batchNorm, frozen: config.batchNorm === 'frozen' },
  }
  const cells = cellPlan(body).length
  const strides = pyramidStrides(pyramid)

  return {
    config,
    firstStage(ctx, images) {
      const shared = sharedOperations(body.stridedPools)
      const features = [stemConvolution(ctx.in('stem'), images, body)]
      for (let cell = 0; cell < cells; cell++) runCell(ctx, body, cell, features, shared)
      // Cells end without an activation. The coarsest level is no cell's.
      const maps = strides.slice(0, -1).map((stride): FeatureMap => {
        const [last] = features.filter((map) => map.stride === stride).slice(-1)
        return { tensor: shared.relu(last.tensor), stride }
      })
      return {
        imageSize: [images.shape[1], images.shape[2]],
        ...(pyramid.skipPooling && { last: maps[maps.length - 1] }),
        maps: featurePyramid(ctx.in('pyramid'), maps, {
          channels: pyramid.channels,
          ...(pyramid.batchNorm && { batchNorm: backbone.batchNorm }),
        }),
      }
    },

    proposalNetwork: (ctx, { maps }) =>
      proposalNetwork(
        ctx,
        maps,
        maps.map(({ stride }, level) => anchorsOfLevel(anchors, pyramid, stride, level)),
        config,
      ),

    propose: proposer(config),

    secondStage(ctx, { imageSize, maps, last }, boxes) {
      const { crop, samplingRatio } = roiHeads
      const crops = pyramidAlign(maps.slice(0, -1), boxes, {
        crop,
        samplingRatio,
        imageSize,
        canonicalSize: pyramid.canonicalSize ?? CANONICAL_SIZE,
      })
      let hidden = tf.reshape<tf.Rank.R2>(crops, [crops.shape[0], -1])
      for (const layer of ['dense_1', 'dense_2'])
        hidden = tf.relu(
          dense(ctx.in(`regions/${layer}`), hidden, pyramid.representationSize, { initialVariance: 2 }),
        )
      return boxHead(ctx, last ? tf.concat2d([hidden, pooled(last, boxes)], 1) : hidden, config)
    },
  }
}

/** Points a side of a proposal that its mean is taken of. */
const POOLING_POINTS = 4

/** The mean of the features in each of N×R boxes (pixels), N·R × C. */
function pooled({ tensor, stride }: FeatureMap, boxes: tf.Tensor3D): tf.Tensor2D {
  const settings = { crop: 1, samplingRatio: POOLING_POINTS, spatialScale: 1 / stride }
  return tf.reshape(roiAlign(tensor, boxes, settings), [-1, tensor.shape[3]])
}

/** Anchors are for the finest level; on coarser ones they are larger in proportion to the stride. */
function anchorsOfLevel(
  { base, offset, scales, ratios }: AnchorSettings,
  pyramid: PyramidConfig,
  stride: number,
  level: number,
): AnchorSettings {
  const times = stride / pyramid.finestStride
  return {
    base: base * times,
    offset: offset * times,
    ratios,
    scales: pyramid.anchorScales?.[level] ?? scales,
  }
}
