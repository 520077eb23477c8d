/** What a detector is made of, counted on its trace. Nothing is computed, so a large detector takes no longer. */
import type * as tf from '@tensorflow/tfjs'
import { cellPlan, countParameters, type FirstStage, type ParameterSpec } from '../../../models/index.js'
import { trace } from '../../engine/index.js'
import { backboneConfig } from '../step/backbone-config.js'
import { collectingContext } from '../step/contexts.js'
import { type Count, multiplyAdds } from '../step/multiply-adds.js'
import type { DetectorRunConfig } from './config.js'
import { detectorOf, type NetworkSettings } from './network.js'

/**
 * `first stage`: the backbone up to the last cell before its second reduction, once for the image. `proposals`:
 * the region proposal network. `second stage`: the rest of the backbone, on each proposal's crop. `box head`: the
 * dense layers behind it, for classes and boxes.
 */
export const DETECTOR_PARTS = ['first stage', 'proposals', 'second stage', 'box head'] as const

/** Of a detector with a pyramid: the `backbone` as a whole, the `pyramid`, `proposals`, and the `box head`'s dense layers. */
export const PYRAMID_DETECTOR_PARTS = ['backbone', 'pyramid', 'proposals', 'box head'] as const

export type DetectorPart = (typeof DETECTOR_PARTS | typeof PYRAMID_DETECTOR_PARTS)[number]

export interface DetectorPartDescription {
  part: DetectorPart
  /**
   * Of its output: features as height × width × channels, of a pyramid as cells of all levels × channels, anchors × numbers
   * for each, proposals × features, proposals × numbers for each.
   */
  shape: number[]
  parameters: Count
  multiplyAdds: number
}

export interface DetectorDescription {
  /** [height, width]. */
  inputSize: [number, number]
  classes: number
  /** Anchors of the first stage, and proposals of the second one. */
  anchors: number
  proposals: number
  /** Side of the features cut out for a proposal. */
  crop: number
  parameters: Count
  /** Of convolutions and dense layers, for one image with that many proposals. */
  multiplyAdds: number
  parts: DetectorPartDescription[]
}

type Described = NetworkSettings & Pick<DetectorRunConfig, 'inputSize'>

/** Counts a detector of `classes` classes, background not counted. Throws a `ModelError` where the settings make none. */
export function describeDetector(config: Described, classes: number): DetectorDescription {
  const { inputSize } = config
  const { proposals, roiHeads } = config.detector
  const detector = detectorOf(config, classes)
  const partOf = partsOf(config)
  let taken: ParameterSpec[] = []
  let maps: number[][] = []
  const traced = trace((tracer) => {
    const { ctx, specs } = collectingContext(tracer, false)
    taken = specs.parameters
    const first = detector.firstStage(ctx, tracer.input('images', [1, ...inputSize, 3]) as tf.Tensor4D)
    maps = shapesOf(first)
    const { objectness, deltas } = detector.proposalNetwork(ctx, first)
    const boxes = tracer.input('boxes', [1, proposals.postNmsTopN, 4]) as tf.Tensor3D
    const head = detector.secondStage(ctx, first, boxes)
    return { objectness, deltas, logits: head.logits, boxes: head.deltas }
  })
  const costs = multiplyAdds(traced, partOf)
  const anchors = traced.outputs.objectness.shape[1]
  const shapes: Partial<Record<DetectorPart, number[]>> = {
    ...(config.detector.pyramid === undefined ? cellShapes : pyramidShapes)(
      maps,
      taken,
      proposals.postNmsTopN,
    ),
    proposals: [anchors, 2 + 4],
    'box head': [
      proposals.postNmsTopN,
      traced.outputs.logits.shape[1] + 4 * (roiHeads.classAgnostic ? 1 : classes),
    ],
  }
  const parts = config.detector.pyramid === undefined ? DETECTOR_PARTS : PYRAMID_DETECTOR_PARTS
  return {
    inputSize,
    classes,
    anchors,
    proposals: proposals.postNmsTopN,
    crop: roiHeads.crop,
    parameters: countParameters(taken),
    multiplyAdds: [...costs.values()].reduce((sum, cost) => sum + cost, 0),
    parts: parts.map((part) => ({
      part,
      shape: shapes[part]!,
      parameters: countParameters(taken.filter(({ path }) => partOf(path) === part)),
      multiplyAdds: costs.get(part) ?? 0,
    })),
  }
}

/** [height, width, channels] of each map. */
const shapesOf = ({ maps }: FirstStage): number[][] => maps.map(({ tensor }) => tensor.shape.slice(1))

/** The number of axis `axis` of a kernel. */
const kernelSide = (specs: readonly ParameterSpec[], path: string, axis: number): number =>
  specs.find((spec) => spec.path === `${path}/kernel`)!.shape[axis]

type Shapes = (
  maps: number[][],
  specs: readonly ParameterSpec[],
  proposals: number,
) => Partial<Record<DetectorPart, number[]>>

const cellShapes: Shapes = ([before, last], specs, proposals) => ({
  'first stage': [last[0], last[1], before[2] + last[2]],
  'second stage': [proposals, kernelSide(specs, 'regions/classes', 0)],
})

const pyramidShapes: Shapes = (levels, specs) => {
  // Of the coarsest level that is a cell's.
  const [height, width, channels] = levels[levels.length - 2]
  return {
    backbone: [height, width, kernelSide(specs, 'pyramid/lateral_32', 2)],
    pyramid: [levels.reduce((sum, [height, width]) => sum + height * width, 0), channels],
  }
}

/** Which part a parameter belongs to, by its path. */
function partsOf({ backbone, detector }: Described): (path: string) => DetectorPart {
  const plan = cellPlan(backboneConfig(backbone)).map(({ path }) => path)
  const second = new Set(plan.slice(plan.indexOf('reduction_1')))
  return (path) => {
    const [top] = path.split('/')
    if (top === 'rpn') return 'proposals'
    if (top === 'regions') return 'box head'
    if (top === 'pyramid') return 'pyramid'
    if (detector.pyramid !== undefined) return 'backbone'
    return second.has(top) ? 'second stage' : 'first stage'
  }
}
