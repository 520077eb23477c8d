/** `toolkit describe` for detectors. */
import { emojiClasses } from '../../datasets/emoji/classes.js'
import { grouped, plural } from '../shared/text.js'
import type { DetectorRunConfig } from '../train/detection/config.js'
import { type DetectorDescription, describeDetector } from '../train/detection/describe.js'
import type { ModelConfig } from '../train/settings/config.js'
import { poolsNote } from './shared/strided-pools.js'
import { textTable } from './shared/text-table.js'

/** COCO's ids go up to 90, and the released detectors have that many classes. */
const RELEASED_CLASSES = 90

export interface DetectorChanges {
  /** Settings of the backbone. */
  backbone: Partial<Pick<ModelConfig, 'cells' | 'filters' | 'stemFilters' | 'skipReduction' | 'stem'>>
  /** Side of the images. */
  input?: number
  classes?: number
}

/** The description of a preset or of a run, as text or as what is to be printed as JSON. */
export function describeDetectorAs(
  name: string,
  config: DetectorRunConfig,
  { backbone, input, classes }: DetectorChanges,
): { text: string; json: Record<string, unknown> } {
  const changed: DetectorRunConfig = {
    ...config,
    backbone: { ...config.backbone, ...backbone },
    inputSize: input === undefined ? config.inputSize : [input, input],
  }
  const description = describeDetector(changed, classes ?? classesOf(config))
  const { genotype, cells, filters, stridedPools } = changed.backbone
  return {
    text: report(name, changed, description),
    json: { architecture: name, genotype: genotype.name, cells, filters, stridedPools, ...description },
  }
}

function classesOf({ data }: DetectorRunConfig): number {
  return data.categories?.length ?? (data.kind === 'embedded' ? emojiClasses.length : RELEASED_CLASSES)
}

function report(name: string, { backbone, detector }: DetectorRunConfig, d: DetectorDescription): string {
  const [height, width] = d.inputSize
  const rows = [
    ['part', 'output', 'parameters', 'trainable', 'multiply-adds'],
    ...d.parts.map(({ part, shape, parameters, multiplyAdds }) => [
      part,
      shape.map(grouped).join(' × '),
      grouped(parameters.total),
      grouped(parameters.trainable),
      grouped(multiplyAdds),
    ]),
    ['all', '', grouped(d.parameters.total), grouped(d.parameters.trainable), grouped(d.multiplyAdds)],
  ]
  const { genotype, cells, filters, stridedPools } = backbone
  const kind = detector.pyramid === undefined ? 'Faster R-CNN' : 'Faster R-CNN with a feature pyramid'
  return [
    `${name}: ${kind} on ${genotype.name}, N = ${cells}, F = ${filters}, ${height} × ${width} pixels, ${plural(d.classes, 'class', 'classes')}`,
    '',
    ...textTable(rows, 2),
    '',
    ...structure(d, detector.pyramid !== undefined),
    `Multiply-adds are for one image with all ${d.proposals} proposals. Batch norm is ${detector.batchNorm}.`,
    ...poolsNote(stridedPools),
  ].join('\n')
}

/** What the outputs of the parts are, and what is cut out where. */
function structure({ anchors, proposals, crop }: DetectorDescription, pyramid: boolean): string[] {
  const [outputs, source] = pyramid
    ? [
        "the coarsest cell's features; cells of all levels × channels; anchors × 2 scores and 4 box deltas;",
        'the level of the pyramid that fits its size',
      ]
    : ['features; anchors × 2 scores and 4 box deltas; proposals × features;', "the first stage's features"]
  return [
    `Outputs: ${outputs} proposals × scores and box deltas.`,
    `${grouped(anchors)} anchors; ${proposals} proposals, each cropped from ${source} as ${crop} × ${crop}.`,
  ]
}
