/** Lowers the kernels of detectors: top-k, non-maximum suppression, crops of boxes. */

import type { Lowering } from './table.js'

const INT32 = 6

const topK: Lowering = (e, { inputs: [x], outputs: [values, indices], attributes }) => {
  const k = e.ints([attributes.k as number])
  const [best, places] = e.nodesOutputs('TopK', [e.as(x, 'plain'), k], { axis: -1 }, '', 2)
  e.put(values, 'plain', best)
  e.put(indices, 'plain', e.node('Cast', [places], { to: INT32 }))
}

/** ONNX returns only the rows that are kept. TensorFlow.js expects them padded with zeros, and their number. */
const nonMaxSuppression: Lowering = (e, { inputs: [boxes, scores], outputs, attributes }) => {
  const [indices, count] = outputs
  const size = attributes.maxOutputSize as number
  const [rows] = boxes.shape
  const threshold = attributes.scoreThreshold as number
  const kept = e.node('NonMaxSuppression', [
    e.reshape(e.as(boxes, 'plain'), [1, rows, 4], boxes),
    e.reshape(e.as(scores, 'plain'), [1, 1, rows], scores),
    e.ints([size]),
    e.constant('float32', [1], Float32Array.of(attributes.iouThreshold as number)),
    ...(Number.isFinite(threshold) ? [e.constant('float32', [1], Float32Array.of(threshold))] : []),
  ])
  // Rows are [batch, class, box].
  const chosen = e.node('Gather', [kept, e.constant('int64', [], BigInt64Array.of(2n))], { axis: 1 })
  const padded = e.node('Concat', [chosen, e.ints(new Array(size).fill(0))], { axis: 0 })
  const first = e.node('Slice', [padded, e.ints([0]), e.ints([size]), e.ints([0])])
  e.put(indices, 'plain', e.node('Cast', [first], { to: INT32 }))
  const found = e.node('Squeeze', [e.node('Shape', [chosen]), e.ints([0])])
  e.put(count, 'plain', e.node('Cast', [found], { to: INT32 }))
}

const roiAlign: Lowering = (e, { inputs: [features, boxes], outputs: [y], attributes }) => {
  const [images, regions] = boxes.shape
  const imageOf = Array.from({ length: images * regions }, (_, i) => Math.floor(i / regions))
  const { crop, samplingRatio, spatialScale } = attributes as Record<string, number>
  const operands = [
    e.as(features, 'nchw'),
    e.reshape(e.as(boxes, 'plain'), [images * regions, 4], boxes),
    e.ints(imageOf),
  ]
  const settings = {
    output_height: crop,
    output_width: crop,
    sampling_ratio: samplingRatio,
    spatial_scale: { float: spatialScale },
    mode: 'avg',
    coordinate_transformation_mode: 'half_pixel',
  }
  e.put(y, 'nchw', e.node('RoiAlign', operands, settings))
}

/**
 * ONNX returns [batch, class, box] of the rows that are kept; they become ones in a table of zeros. As each class has its
 * own boxes, classes are ONNX's batches.
 */
const suppressByClass: Lowering = (e, { inputs: [boxes, scores], outputs: [y], attributes }) => {
  const [classes, rows] = scores.shape
  const { count, iou, minScore } = attributes as Record<string, number>
  const kept = e.node('NonMaxSuppression', [
    e.as(boxes, 'plain'),
    e.reshape(e.as(scores, 'plain'), [classes, 1, rows], scores),
    e.ints([count]),
    e.constant('float32', [1], Float32Array.of(iou)),
    e.constant('float32', [1], Float32Array.of(minScore)),
  ])
  const places = e.node('Gather', [kept, e.ints([0, 2])], { axis: 1 })
  const found = e.node('Slice', [e.node('Shape', [kept]), e.ints([0]), e.ints([1])])
  const ones = e.node('Expand', [e.scalar(1), found])
  const zeros = e.node('Expand', [e.scalar(0), e.ints([classes, rows])])
  e.put(y, 'plain', e.node('ScatterND', [zeros, places, ones]))
}

/** GridSample takes one grid for each image, so the crops of an image lie below each other in it. */
const sampleBilinear: Lowering = (e, { inputs: [features, rows, columns], outputs: [y] }) => {
  const [images, height, width, channels] = features.shape
  const [, crops, side] = rows.shape
  const along = (name: string, shape: number[], of: typeof rows, length: number) => {
    const spread = e.node('Expand', [e.reshape(name, shape, of), e.ints([images, crops, side, side, 1])])
    // From −1, the first feature's centre, to 1, the last one's.
    const scaled = e.node('Mul', [spread, e.scalar(2 / Math.max(1, length - 1))])
    return e.node('Sub', [scaled, e.scalar(1)])
  }
  const x = along(e.as(columns, 'plain'), [images, crops, 1, side, 1], columns, width)
  const down = along(e.as(rows, 'plain'), [images, crops, side, 1, 1], rows, height)
  const grid = e.reshape(e.node('Concat', [x, down], { axis: -1 }), [images, crops * side, side, 2], rows)
  const sampled = e.node('GridSample', [e.as(features, 'nchw'), grid], {
    mode: 'bilinear',
    padding_mode: 'zeros',
    align_corners: 1,
  })
  const apart = e.reshape(sampled, [images, channels, crops, side, side], y)
  const together = e.transpose(apart, [0, 2, 1, 3, 4])
  e.put(y, 'nchw', e.reshape(together, [images * crops, channels, side, side], y))
}

export const DETECTION: Record<string, Lowering> = {
  NonMaxSuppressionV4: nonMaxSuppression,
  RoiAlign: roiAlign,
  SampleBilinear: sampleBilinear,
  SuppressByClass: suppressByClass,
  TopK: topK,
}
