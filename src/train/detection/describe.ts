/** What a detector is made of, counted on its trace. Nothing is computed, so a large detector takes no longer. */
import type * as tf from '@tensorflow/tfjs'
import { cellPlan, countParameters, type ParameterSpec } from '../../../models/index.js'
import { trace } from '../../engine/index.js'
import { backboneConfig } from '../step/backbone-config.js'
import { collectingContext } from '../step/contexts.js'
import { type Count, multiplyAdds } from '../step/multiply-adds.js'
import type { DetectorRunConfig } from './config.js'
import { detectorOf } from './network.js'

/**
 * `first stage`: the backbone up to the last cell before its second reduction, once for the image. `proposals`:
 * the region proposal network. `second stage`: the rest of the backbone, on each proposal's crop. `box head`: the
 * dense layers behind it, for classes and boxes.
 */
export const DETECTOR_PARTS = ['first stage', 'proposals', 'second stage', 'box head'] as const
export type DetectorPart = (typeof DETECTOR_PARTS)[number]

export interface DetectorPartDescription {
  part: DetectorPart
  /**
   * Of its output: features as height × width × channels, anchors × numbers for each, proposals × features,
   * proposals × numbers for each.
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

/** Counts a detector of `classes` classes, background not counted. Throws a `ModelError` where the settings make none. */
export function describeDetector(
  config: Pick<DetectorRunConfig, 'backbone' | 'detector' | 'inputSize'>,
  classes: number,
): DetectorDescription {
  const { inputSize } = config
  const { proposals, roiHeads } = config.detector
  const detector = detectorOf(config, classes)
  const partOf = partsOf(config)
  let taken: ParameterSpec[] = []
  let features: number[] = []
  const traced = trace((tracer) => {
    const { ctx, specs } = collectingContext(tracer, false)
    taken = specs.parameters
    const first = detector.firstStage(ctx, tracer.input('images', [1, ...inputSize, 3]) as tf.Tensor4D)
    const { previous, current } = first
    features = [...current.tensor.shape.slice(1, 3), previous.tensor.shape[3] + current.tensor.shape[3]]
    const { objectness, deltas } = detector.proposalNetwork(ctx, first)
    const boxes = tracer.input('boxes', [1, proposals.postNmsTopN, 4]) as tf.Tensor3D
    const head = detector.secondStage(ctx, first, boxes)
    return { objectness, deltas, logits: head.logits, boxes: head.deltas }
  })
  const costs = multiplyAdds(traced, partOf)
  const anchors = traced.outputs.objectness.shape[1]
  const pooled = taken.find(({ path }) => path.startsWith('regions/classes/'))!.shape[0]
  const shapes: Record<DetectorPart, number[]> = {
    'first stage': features,
    proposals: [anchors, 2 + 4],
    'second stage': [proposals.postNmsTopN, pooled],
    'box head': [proposals.postNmsTopN, traced.outputs.logits.shape[1] + 4 * classes],
  }
  return {
    inputSize,
    classes,
    anchors,
    proposals: proposals.postNmsTopN,
    crop: roiHeads.crop,
    parameters: countParameters(taken),
    multiplyAdds: [...costs.values()].reduce((sum, cost) => sum + cost, 0),
    parts: DETECTOR_PARTS.map((part) => ({
      part,
      shape: shapes[part],
      parameters: countParameters(taken.filter(({ path }) => partOf(path) === part)),
      multiplyAdds: costs.get(part) ?? 0,
    })),
  }
}

/** Which part a parameter belongs to, by its path. */
function partsOf({ backbone }: Pick<DetectorRunConfig, 'backbone'>): (path: string) => DetectorPart {
  const plan = cellPlan(backboneConfig(backbone)).map(({ path }) => path)
  const second = new Set(plan.slice(plan.indexOf('reduction_1')))
  return (path) => {
    const [top] = path.split('/')
    if (top === 'rpn') return 'proposals'
    if (top === 'regions') return 'box head'
    return second.has(top) ? 'second stage' : 'first stage'
  }
}
