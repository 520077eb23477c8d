/** Lowers the kernels of detectors: top-k, non-maximum suppression, RoI align. */

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

export const DETECTION: Record<string, Lowering> = {
  NonMaxSuppressionV4: nonMaxSuppression,
  RoiAlign: roiAlign,
  TopK: topK,
}
