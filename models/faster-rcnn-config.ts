/** What a Faster R-CNN is made of, besides its backbone. Lengths are in pixels of the network's input. */

export interface FasterRcnnConfig {
  /** Classes, without the background. */
  classes: number
  /** On a grid of the backbone's feature stride. */
  anchors: {
    /** Side of a square anchor of scale 1. */
    base: number
    scales: number[]
    /** Height / width. */
    ratios: number[]
    /** Where the first anchor's centre lies: 0 as released, half the stride for the middle of its cell. */
    offset: number
  }
  /** First stage: the region proposal network (Ren et al. 2015, section 3). */
  proposals: {
    /** Width of its 3×3 convolution. */
    filters: number
    /** Only so many of the best anchors enter the suppression. */
    candidates: number
    /** Proposals that overlap a better one by more than this are dropped. */
    nmsIou: number
    /** How many are kept, in training and afterwards. */
    keptInTraining: number
    kept: number
    /** Anchors from here up are objects, and each box's best anchor is. */
    positiveIou: number
    /** Anchors below this are background; those between count for nothing. */
    negativeIou: number
    /** Anchors an image that the loss is taken over, at most `positiveShare` of them objects. */
    sample: number
    positiveShare: number
    /** Anchors that cross the image's edge count for nothing in training. */
    ignoreCrossing: boolean
  }
  /** Second stage: the rest of the backbone on each proposal's features. */
  regions: {
    /** Side of the features cut out for a proposal. */
    crop: number
    /** Points a side that RoI align averages for each of them. */
    samplingRatio: number
    /** Proposals an image that the loss is taken over, at most `positiveShare` of them objects. */
    sample: number
    positiveShare: number
    /** Proposals from here up are the object that they overlap, the others background. */
    positiveIou: number
    /** The true boxes are among the proposals trained on. */
    addTruth: boolean
  }
  /** Offsets of boxes are multiplied by this: centre x and y, width and height. */
  boxScale: [number, number, number, number]
  /** Weights of the losses. */
  weights: { objectness: number; anchorBoxes: number; classification: number; boxes: number }
  output: {
    /** Detections of a class that overlap a better one by more than this are dropped. */
    nmsIou: number
    /** Detections an image. */
    count: number
    /** Detections below this are dropped. */
    minScore: number
  }
  /** `frozen`: the backbone's statistics, scales and offsets stay as they came. */
  batchNorm: 'frozen' | 'trained'
}
