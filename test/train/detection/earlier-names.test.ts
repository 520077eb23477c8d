/** Settings that runs of before version 0.2 name otherwise. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSafetensors, writeSafetensors } from '../../../src/shared/safetensors.js'
import { type DetectorRunConfig, validateDetectorConfig } from '../../../src/train/detection/config.js'
import { detectorPresets } from '../../../src/train/detection/presets.js'
import { trainDetector } from '../../../src/train/detection/train.js'
import { readRows } from '../../../src/train/run/metrics.js'
import { metricsPath } from '../../../src/train/run/run-folder.js'
import { createRun, type Run, readDetectorConfig, resumeRun } from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { linearDetector, redConfig, redSet } from '../../helpers/train/detection/red-scenes.js'

/** The part "detector" of the config.json that version 0.1 wrote for faster-rcnn-nas-large, letter by letter. */
const EARLIER = `{
  "anchors": {
    "base": 256,
    "scales": [
      0.25,
      0.5,
      1,
      2
    ],
    "ratios": [
      0.5,
      1,
      2
    ],
    "offset": 0
  },
  "proposals": {
    "filters": 512,
    "candidates": 67500,
    "nmsIou": 0.7,
    "keptInTraining": 50,
    "kept": 50,
    "positiveIou": 0.7,
    "negativeIou": 0.3,
    "sample": 256,
    "positiveShare": 0.5,
    "ignoreCrossing": true
  },
  "regions": {
    "crop": 17,
    "samplingRatio": 1,
    "sample": 49,
    "positiveShare": 0.25,
    "positiveIou": 0.5,
    "addTruth": false
  },
  "boxScale": [
    10,
    10,
    5,
    5
  ],
  "weights": {
    "objectness": 1,
    "anchorBoxes": 2,
    "classification": 1,
    "boxes": 2
  },
  "output": {
    "nmsIou": 0.6,
    "count": 100,
    "minScore": 0
  },
  "batchNorm": "frozen"
}`

test('a detector’s config of before has its settings under their names of now', () => {
  const large = detectorPresets['faster-rcnn-nas-large']
  const earlier = { ...large, detector: JSON.parse(EARLIER) }
  assert.deepEqual(validateDetectorConfig(earlier), large)
  // In the same order too: configs are compared as text.
  assert.equal(JSON.stringify(validateDetectorConfig(earlier).detector), JSON.stringify(large.detector))
  assert.throws(
    () => validateDetectorConfig({ ...large, detector: { ...large.detector, regions: {} } }),
    /^UserError: "detector.regions" is not known here/,
  )
})

/** The settings as version 0.1 named them. */
function renamedBack(detector: DetectorRunConfig['detector']): object {
  const { preNmsTopN, postNmsTopN, postNmsTopNTraining, ...proposals } = detector.proposals
  const { appendGroundTruth, ...regions } = detector.roiHeads
  const { objectness, rpnBoxReg, classifier, boxReg } = detector.weights
  return {
    anchors: detector.anchors,
    proposals: {
      ...proposals,
      candidates: preNmsTopN,
      kept: postNmsTopN,
      keptInTraining: postNmsTopNTraining,
    },
    regions: { ...regions, addTruth: appendGroundTruth },
    boxScale: detector.boxCoderWeights,
    weights: { objectness, anchorBoxes: rpnBoxReg, classification: classifier, boxes: boxReg },
    output: detector.output,
    batchNorm: detector.batchNorm,
  }
}

const data = { train: await redSet(14), validation: await redSet(5, 1) }

const trained = (run: Run<DetectorRunConfig>, options = {}) =>
  trainDetector(run, data, null, linearDetector(), options).finally(() => run.close())

test('a run that was begun with earlier names goes on bit-identical, and is not taken for edited', async (t) => {
  const base = await temporaryFolder(t)
  const [folder, whole] = [join(base, 'run'), join(base, 'unbroken')]
  const config = redConfig()
  const unbroken = await trained(await createRun(whole, config))
  const stop = new AbortController()
  await trained(await createRun(folder, config), {
    signal: stop.signal,
    onStep: ({ step }: { step: number }) => step === 3 && stop.abort(),
  })
  const earlier = JSON.stringify({ ...config, detector: renamedBack(config.detector) })
  const configFile = join(folder, 'config.json')
  await writeFile(configFile, earlier)
  const checkpoint = join(folder, 'checkpoint-3.safetensors')
  const { tensors, metadata } = await readSafetensors(checkpoint)
  assert.ok('config' in metadata)
  await writeSafetensors(checkpoint, tensors, { metadata: { ...metadata, config: earlier } })

  assert.deepEqual((await readDetectorConfig(folder)).detector, config.detector)
  const untouched = await resumeRun(folder, await readDetectorConfig(folder))
  assert.deepEqual([untouched.edited, untouched.checkpoint?.step], [[], 3])
  await untouched.close()
  assert.equal(await readFile(configFile, 'utf8'), earlier)

  const run = await resumeRun(folder, { ...config, evaluateEvery: 2 })
  assert.deepEqual(run.edited, [])
  const written = JSON.parse(await readFile(configFile, 'utf8'))
  assert.deepEqual(written.detector, config.detector)
  const resumed = await trained(run)
  assert.deepEqual(resumed.state, unbroken.state)
  const changes = (await readRows(metricsPath(folder))).flatMap((row) =>
    row.kind === 'change' ? Object.keys(row.settings) : [],
  )
  assert.deepEqual(changes, ['evaluateEvery'])
})
