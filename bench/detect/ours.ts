/**
 * The toolkit's side of the benchmark, in a process of its own so that its peak memory is its own; prints one
 * line of JSON, as torchvision_peer.py does. Arguments: `prepare` (which writes what the others open), `train` or
 * `run`; the scene's folder; the preset; warm-up steps; steps; where profiles go (optional).
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { NO_OBJECT } from '../../models/ground-truth.js'
import { openSession } from '../../src/engine/index.js'
import { detectorCard } from '../../src/train/detection/card.js'
import type { DetectorRunConfig } from '../../src/train/detection/config.js'
import { describeDetector } from '../../src/train/detection/describe.js'
import { exportDetector } from '../../src/train/detection/export.js'
import { detectorPresets } from '../../src/train/detection/presets.js'
import { buildDetectorStep, detectorSpecs } from '../../src/train/detection/step.js'
import type { DetectorStep } from '../../src/train/detection/step-types.js'
import { initialVectors, layoutOf } from '../../src/train/step/flat-state.js'
import { median } from '../statistics.js'
import type { DetectReport } from './report.js'
import { readScene } from './scene.js'

const peakMemory = () => process.resourceUsage().maxRSS * 1024
const startMemoryBytes = peakMemory()

const [mode, folder, preset, warmup, steps, profilePrefix] = process.argv.slice(2)
const scene = readScene(folder)
const config: DetectorRunConfig = {
  ...detectorPresets[preset],
  batchSize: 1,
  accumulate: 1,
  inputSize: scene.size,
}
const shapes = { imageSize: scene.size, classes: scene.classes }
const files = { model: join(folder, 'detector.onnx'), statistics: join(folder, 'statistics.f32') }

/** One line of {@link DetectReport}, but for what the last step says. */
async function timed<T>(
  step: (done: number) => Promise<T>,
  proposals: number,
): Promise<{ report: DetectReport; last: T }> {
  const millis: number[] = []
  for (;;) {
    const start = performance.now()
    const last = await step(millis.length)
    millis.push(performance.now() - start)
    if (millis.length === Number(warmup) + Number(steps)) return { report: reportOf(millis, proposals), last }
  }
}

/**
 * @param millis of all steps
 * @param proposals that the second stage looks at
 */
function reportOf(millis: number[], proposals: number): DetectReport {
  const stepMillis = millis.slice(Number(warmup))
  const peakMemoryBytes = peakMemory()
  const { detector } = config
  const seen = {
    ...config,
    detector: { ...detector, proposals: { ...detector.proposals, postNmsTopN: proposals } },
  }
  const { multiplyAdds, parameters } = describeDetector(seen, scene.classes)
  return {
    imagesPerSecond: 1000 / median(stepMillis),
    stepMillis,
    firstStepMillis: millis[0],
    peakMemoryBytes,
    startMemoryBytes,
    gflop: (2 * multiplyAdds) / 1e9,
    parameters: parameters.trainable,
  }
}

/** A function that trains on the scene: its image was scaled before, as a loader does while a step runs. */
function trainer(step: DetectorStep, learningRate: number) {
  const images = Float32Array.from(scene.image, (value) => value / 127.5 - 1)
  const boxes = new Float32Array(config.maxObjects * 4)
  const labels = new Int32Array(config.maxObjects).fill(NO_OBJECT)
  boxes.set(scene.boxes.flat())
  labels.set(scene.labels)
  return (done: number) => {
    const batch = {
      images: images.slice(),
      boxes: boxes.slice(),
      labels: labels.slice(),
      imageSize: scene.size,
    }
    return step.run({ batches: [batch], learningRate, progress: 0, step: done })
  }
}

/**
 * Random weights with batch norm's statistics as this scene has them: with none, what frozen layers hand on grows
 * until no proposal and no detection is left.
 */
async function prepare(): Promise<null> {
  const { batchNorm } = config.backbone
  const step = await buildDetectorStep(
    {
      ...config,
      backbone: { ...config.backbone, batchNorm: { ...batchNorm, decay: 0 } },
      detector: { ...config.detector, batchNorm: 'trained' },
    },
    shapes,
  )
  await trainer(step, 0)(0)
  const measured = (await step.state()).statistics
  const slots = step.layout.filter(({ vector }) => vector === 'statistics')
  const byPath = new Map(
    slots.map(({ path, offset, size }) => [path, measured.subarray(offset, offset + size)]),
  )
  await step.close()

  const { parameters: specs } = detectorSpecs(config, shapes)
  const layout = layoutOf(specs)
  const { parameters, statistics } = initialVectors(layout, specs, config.seed)
  for (const { path, vector, offset } of layout.slots)
    if (vector === 'statistics') statistics.set(byPath.get(path) ?? [], offset)
  writeFileSync(files.statistics, statistics)
  const categories = Array.from({ length: scene.classes }, (_, id) => ({ id, name: `class ${id}` }))
  const named = { ...config, data: { ...config.data, categories } }
  writeFileSync(files.model, exportDetector(named, { parameters, statistics }, detectorCard(named, 0)))
  return null
}

async function train(): Promise<DetectReport> {
  const step = await buildDetectorStep(config, shapes, { profilePrefix })
  await step.load({ statistics: new Float32Array(new Uint8Array(readFileSync(files.statistics)).buffer) })
  // A step costs the same at any rate; random weights stand only a low one.
  const { report, last } = await timed(trainer(step, 1e-4), config.detector.roiHeads.sample)
  await step.close()
  return { ...report, loss: last.loss }
}

async function run(): Promise<DetectReport> {
  const session = await openSession(readFileSync(files.model), { optimize: true, profilePrefix })
  const shape = [1, ...scene.size, 3]
  const { report, last } = await timed(
    () => session.run({ images: { type: 'uint8', shape, data: scene.image.slice() } }),
    config.detector.proposals.postNmsTopN,
  )
  await session.close()
  const scores = last.scores.data as Float32Array
  return { ...report, detections: scores.filter((score) => score > 0).length }
}

const modes: Record<string, () => Promise<DetectReport | null>> = { prepare, train, run }
console.log(JSON.stringify(await modes[mode]()))
