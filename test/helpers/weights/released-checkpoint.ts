/** Checkpoints of small detectors as the Object Detection API names and orders their numbers. */
import type { ParameterSpec } from '../../../models/index.js'
import { detectorPresets } from '../../../src/train/detection/presets.js'
import { detectorSpecs } from '../../../src/train/detection/step.js'
import { detectorVariable } from '../../../src/weights/names/faster-rcnn.js'
import { slim } from '../../../src/weights/names/slim.js'
import type { NamedTensor } from '../../../src/weights/source.js'

const { backbone: LARGE, ...released } = detectorPresets['faster-rcnn-nas-coco']

export interface ReleasedNetwork {
  cells: number
  filters: number
  stemFilters: number
  rpnFilters: number
  /** Ids, from 1 on. */
  ids: number
}

/** The parameters of such a detector with a class for each id, and their variables: name and shape. */
export function releasedVariables({ cells, filters, stemFilters, rpnFilters, ids }: ReleasedNetwork) {
  const { detector } = released
  const backbone = { ...LARGE, cells, filters, stemFilters }
  const { parameters } = detectorSpecs(
    {
      ...released,
      backbone,
      detector: { ...detector, proposals: { ...detector.proposals, filters: rpnFilters } },
    },
    { imageSize: [64, 64], classes: ids },
  )
  const slimName = slim.tensors(
    parameters.map(({ path }) => path).filter((path) => !/^(rpn|regions)\//.test(path)),
    backbone,
  )
  return parameters.map((spec) => ({
    spec,
    name: detectorVariable(spec.path, cells, (path) => slimName(path)!.name),
  }))
}

/** The variables of a checkpoint. `numbers` gives those of a variable, in the API's order. */
export const releasedTensors = (
  network: ReleasedNetwork,
  numbers: (name: string, spec: ParameterSpec) => Float32Array,
): NamedTensor[] =>
  releasedVariables(network).map(({ spec, name }) => ({ name, shape: spec.shape, data: numbers(name, spec) }))
