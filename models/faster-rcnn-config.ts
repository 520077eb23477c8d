/** What a Faster R-CNN is made of, besides its backbone. Lengths are in pixels of the network's input. */
import * as z from 'zod/mini'
import { number, renamed, rule, validate, wholeNumber } from '../src/shared/validation.js'
import { ModelError } from './errors.js'

const share = number({ from: 0, to: 1 })
const positive = number({ above: 0 })
const weight = number({ from: 0 })
const several = z.array(positive).check(z.minLength(1, 'a list of at least one number'))

/**
 * On a grid of the backbone's feature stride. With a `pyramid`: on its finest level; on coarser ones base and offset grow with
 * the stride.
 */
const anchors = z.strictObject({
  /** Side of a square anchor of scale 1. */
  base: positive,
  scales: several,
  /** Height / width. */
  ratios: several,
  /** Where the first anchor's centre lies: 0 as released, half the stride for the middle of its cell. */
  offset: number({ from: 0 }),
})

/** A feature pyramid over the whole backbone, in place of a second stage made of the backbone's last cells. */
const pyramid = z
  .strictObject({
    /** Of its finest level: 8, or 4 for the output of the stem's first cell. The coarsest has 64. */
    finestStride: z.literal([4, 8]),
    /** Of every level. Multiples of 16 are fastest. */
    channels: wholeNumber(1, 10_000),
    /** Whether batch norm, always trained, follows each of its convolutions. */
    batchNorm: z.boolean(),
    /**
     * For each level, the finest first, the scales of its anchors, in place of `anchors.scales`. Default: those on every
     * level.
     */
    anchorScales: z.optional(z.array(several)),
    /** Side in pixels of the smallest proposals that are cropped from stride 16. Default: 224. */
    canonicalSize: z.optional(positive),
    /** Width of the box head's two dense layers. */
    representationSize: wholeNumber(1, 10_000),
    /**
     * Whether the box head's last layers also see the backbone's last features, averaged over the proposal, as the backbone's
     * classifier did (skip pooling: Bell et al. 2016). Default: false.
     */
    skipPooling: z.optional(z.boolean()),
  })
  .check(
    rule(({ finestStride, anchorScales }, refuse) => {
      if (anchorScales === undefined) return
      const levels = pyramidStrides({ finestStride }).length
      if (anchorScales.length !== levels)
        refuse(['anchorScales'], `has ${anchorScales.length} lists, but the pyramid has ${levels} levels`)
      const uneven = anchorScales.findIndex((scales) => scales.length !== anchorScales[0].length)
      if (uneven >= 0)
        refuse(
          ['anchorScales', uneven],
          `has ${anchorScales[uneven].length} scales, but must have ${anchorScales[0].length} as the first level, since one proposal network looks at all levels`,
        )
    }),
  )
export type PyramidConfig = z.infer<typeof pyramid>

/** Strides of a pyramid's levels, the finest first. The last is for the proposal network alone. */
export const pyramidStrides = ({ finestStride }: Pick<PyramidConfig, 'finestStride'>): number[] =>
  [4, 8, 16, 32, 64].filter((stride) => stride >= finestStride)

/**
 * How the distance of a predicted box from its object is measured. `smooth-l1`: on the deltas. `giou` and `ciou`: on the
 * decoded box, by generalized or complete IoU; they are smaller numbers and want a larger weight.
 */
export const BOX_LOSSES = ['smooth-l1', 'giou', 'ciou'] as const
export type BoxLoss = (typeof BOX_LOSSES)[number]
/** Default: `smooth-l1`. */
const boxLoss = z.optional(z.enum(BOX_LOSSES))

/** First stage: the region proposal network (Ren et al. 2015, section 3). */
const proposals = z
  .strictObject({
    /** Width of its 3×3 convolution. */
    filters: wholeNumber(1, 10_000),
    /** Only so many of the best anchors enter the suppression; of a `pyramid`, so many of each level. */
    preNmsTopN: wholeNumber(1),
    /** Proposals that overlap a better one by more than this are dropped. */
    nmsIou: share,
    /** How many are kept in training. */
    postNmsTopNTraining: wholeNumber(1),
    /** How many are kept afterwards. */
    postNmsTopN: wholeNumber(1),
    /** Anchors from here up are objects, and each box's best anchor is. */
    positiveIou: share,
    /** Anchors below this are background; those between count for nothing. */
    negativeIou: share,
    /** Anchors an image that the loss is taken over, at most `positiveShare` of them objects. */
    sample: wholeNumber(1),
    positiveShare: share,
    /** Anchors that cross the image's edge count for nothing in training. */
    ignoreCrossing: z.boolean(),
    /**
     * Anchors are clipped to the image before they are decoded; in training those that cross its edge are dropped, from
     * the loss and from the proposals. Default: false, anchors may reach beyond the image.
     */
    clipAnchors: z.optional(z.boolean()),
    boxLoss,
  })
  .check(
    rule(({ negativeIou, positiveIou }, refuse) => {
      if (negativeIou > positiveIou)
        refuse(
          ['negativeIou'],
          `is ${negativeIou}, but must not be above "positiveIou", which is ${positiveIou}`,
        )
    }),
  )

/** Second stage: the rest of the backbone, or with a `pyramid` two dense layers, on each proposal's features. */
const roiHeads = z
  .strictObject({
    /** Side of the features cut out for a proposal. */
    crop: wholeNumber(1, 1000),
    /**
     * How they are cut out: `roi-align` averages points of each cell of a grid over the box; `crop-and-resize` takes single
     * points from corner to corner, as TensorFlow's operation. Default: `roi-align`.
     */
    cropping: z.optional(z.enum(['roi-align', 'crop-and-resize'])),
    /** Points a side that RoI align averages for each of them; 1 for `crop-and-resize`. */
    samplingRatio: wholeNumber(1, 100),
    /** Proposals an image that the loss is taken over, at most `positiveShare` of them objects. */
    sample: wholeNumber(1),
    positiveShare: share,
    /** Proposals from here up are the object that they overlap, the others background. */
    positiveIou: share,
    /** The true boxes are among the proposals trained on. */
    appendGroundTruth: z.boolean(),
    boxLoss,
    /**
     * Whether one box is predicted for all classes, not one for each, so that every object teaches it. Default: false.
     */
    classAgnostic: z.optional(z.boolean()),
    /**
     * Further columns of the classifier, behind those of the classes: of categories that exist but are not wanted. They
     * take part in the softmax and are never detected. Default: 0.
     */
    spareClasses: z.optional(wholeNumber(0, 100_000)),
  })
  .check(
    rule(({ cropping, samplingRatio }, refuse) => {
      if (cropping === 'crop-and-resize' && samplingRatio !== 1)
        refuse(
          ['samplingRatio'],
          `is ${samplingRatio}, but must be 1 with "cropping" "crop-and-resize", which takes one point for each feature`,
        )
    }),
  )

/** A detector's settings as configs hold them; the names before version 0.2 are read too. */
export const detectorSettings = renamed(
  { regions: 'roiHeads', boxScale: 'boxCoderWeights' },
  z
    .strictObject({
      /** Default: none; the second stage is the backbone's last cells. */
      pyramid: z.optional(pyramid),
      /**
       * Padding of the backbone's first convolution, if its stem is ImageNet's. `valid` makes one row and one column less of
       * an even size, which moves the paddings of all layers behind it. Default: `same`.
       */
      stemPadding: z.optional(z.enum(['same', 'valid'])),
      anchors,
      /** After the first stage's 3×3 convolution. Default: `relu`. */
      rpnActivation: z.optional(z.enum(['relu', 'relu6'])),
      proposals: renamed(
        { candidates: 'preNmsTopN', kept: 'postNmsTopN', keptInTraining: 'postNmsTopNTraining' },
        proposals,
      ),
      roiHeads: renamed({ addTruth: 'appendGroundTruth' }, roiHeads),
      /** Deltas of boxes are multiplied by this: centre x and y, width and height. */
      boxCoderWeights: z.tuple([positive, positive, positive, positive]),
      /** Weights of the losses: objects among the anchors, their boxes; classes of the proposals, their boxes. */
      weights: renamed(
        { anchorBoxes: 'rpnBoxReg', classification: 'classifier', boxes: 'boxReg' },
        z.strictObject({ objectness: weight, rpnBoxReg: weight, classifier: weight, boxReg: weight }),
      ),
      output: z.strictObject({
        /** Detections of a class that overlap a better one by more than this are dropped. */
        nmsIou: share,
        /** Detections an image. */
        count: wholeNumber(1),
        /** Detections below this are dropped. */
        minScore: share,
      }),
      /**
       * Whether proposals and detections are clipped to the image before the suppression or after it. After it, those
       * outside of the image are dropped last, and may have suppressed others. Default: `before-nms`.
       */
      clipBoxes: z.optional(z.enum(['before-nms', 'after-nms'])),
      /** `frozen`: the backbone's statistics, scales and offsets stay as they came. */
      batchNorm: z.enum(['frozen', 'trained']),
    })
    .check(
      rule(({ pyramid, roiHeads: { cropping }, clipBoxes }, refuse) => {
        if (pyramid === undefined) return
        if (cropping === 'crop-and-resize')
          refuse(['roiHeads', 'cropping'], 'is "crop-and-resize", but must be "roi-align" with a "pyramid"')
        if (clipBoxes === 'after-nms')
          refuse(['clipBoxes'], 'is "after-nms", but must be "before-nms" with a "pyramid"')
      }),
    ),
)
export type DetectorSettings = z.infer<typeof detectorSettings>

export interface FasterRcnnConfig extends DetectorSettings {
  /** Classes, without the background. */
  classes: number
}

/** Throws a {@link ModelError} that names the setting of which no anchors can be made. */
export function checkAnchors(settings: FasterRcnnConfig['anchors']): void {
  validate(anchors, settings, { field: 'anchors', errorOf: (words) => new ModelError(words) })
}
