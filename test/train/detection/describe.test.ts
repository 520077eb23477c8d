/** Counts of detectors against counts made layer by layer in Python, without a framework. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { packageRoot } from '../../../src/shared/package-root.js'
import { describeDetector } from '../../../src/train/detection/describe.js'
import { detectorPresets } from '../../../src/train/detection/presets.js'

interface Counts {
  total: number
  withoutStatistics: number
  withoutBatchNorm: number
  multiplyAdds: number
}

interface Golden {
  setting: { side: number; crop: number; proposals: number; anchors: number; classes: number }
  features: number[]
  parts: Record<'firstStage' | 'rpn' | 'secondStage' | 'heads', Counts>
  all: Counts
}

type PyramidCounts = Omit<Counts, 'withoutBatchNorm'>

interface PyramidGolden {
  classes: number
  /** Of the parts' outputs, in the order of the parts. */
  shapes: number[][]
  parts: Record<'backbone' | 'pyramid' | 'rpn' | 'head', PyramidCounts>
  all: PyramidCounts
}

const read = (file: string) =>
  JSON.parse(readFileSync(`${packageRoot()}/test/train/detection/golden/${file}`, 'utf8'))
const golden: Record<string, Golden> = read('faster-rcnn-counts.json')
const pyramids: Record<string, PyramidGolden> = read('faster-rcnn-fpn-counts.json')

for (const [name, { setting, features, parts, all }] of Object.entries(golden))
  test(`${name} has the parameters and multiply-adds of the released definition`, () => {
    const preset = detectorPresets[name]
    const description = describeDetector(preset, setting.classes)
    assert.deepEqual(description.inputSize, [setting.side, setting.side])
    assert.equal(description.proposals, setting.proposals)
    assert.equal(description.crop, setting.crop)
    assert.equal(description.anchors, features[0] * features[1] * setting.anchors)
    assert.deepEqual(description.parts[0].shape, features)
    const metrics = ({ total, withoutBatchNorm, multiplyAdds }: Counts) => ({
      // Batch norm is frozen, scale and offset too.
      parameters: { total, trainable: withoutBatchNorm },
      multiplyAdds,
    })
    assert.deepEqual(
      description.parts.map(({ parameters, multiplyAdds }) => ({ parameters, multiplyAdds })),
      [parts.firstStage, parts.rpn, parts.secondStage, parts.heads].map(metrics),
    )
    assert.deepEqual(
      { parameters: description.parameters, multiplyAdds: description.multiplyAdds },
      metrics(all),
    )
    const trained = { ...preset.detector, batchNorm: 'trained' as const }
    assert.deepEqual(describeDetector({ ...preset, detector: trained }, setting.classes).parameters, {
      total: all.total,
      trainable: all.withoutStatistics,
    })
  })

for (const [name, { classes, shapes, parts, all }] of Object.entries(pyramids))
  test(`${name} has the parameters and multiply-adds of a count in Python`, () => {
    const preset = detectorPresets[name]
    const trained = { ...preset.detector, batchNorm: 'trained' as const }
    const description = describeDetector({ ...preset, detector: trained }, classes)
    const metrics = ({ total, withoutStatistics, multiplyAdds }: PyramidCounts) => ({
      parameters: { total, trainable: withoutStatistics },
      multiplyAdds,
    })
    assert.deepEqual(description.parts, [
      { part: 'backbone', shape: shapes[0], ...metrics(parts.backbone) },
      { part: 'pyramid', shape: shapes[1], ...metrics(parts.pyramid) },
      { part: 'proposals', shape: shapes[2], ...metrics(parts.rpn) },
      { part: 'box head', shape: shapes[3], ...metrics(parts.head) },
    ])
    assert.deepEqual(
      { parameters: description.parameters, multiplyAdds: description.multiplyAdds },
      metrics(all),
    )
  })

test('the second stage costs by proposal, the first does not; classes change the answers alone', () => {
  const preset = detectorPresets['faster-rcnn-nas-embedded']
  const of = (kept: number, classes: number) => {
    const { detector } = preset
    return describeDetector(
      { ...preset, detector: { ...detector, proposals: { ...detector.proposals, postNmsTopN: kept } } },
      classes,
    ).parts
  }
  const [first, rpn, second, answers] = of(10, 3)
  const [, , second20, answers20] = of(20, 3)
  assert.equal(second20.multiplyAdds, 2 * second.multiplyAdds)
  assert.equal(answers20.multiplyAdds, 2 * answers.multiplyAdds)
  const more = of(10, 5)
  assert.deepEqual(more.slice(0, 3), [first, rpn, second])
  const [proposals, width] = second.shape
  assert.deepEqual(more[3].shape, [proposals, 6 + 20])
  // Two more classes: two more scores and eight more offsets, each with a bias.
  assert.equal(more[3].parameters.total - answers.parameters.total, (2 + 8) * (width + 1))
})
