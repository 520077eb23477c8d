/** The third stage: the trained classifier becomes the backbone of a Faster R-CNN, trained on the embedded scenes. */
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import sharp from 'sharp'
import { decodeImage } from '../../datasets/detection/decode.js'
import type { DetectionSet } from '../../datasets/detection/detection-set.js'
import { loadScenes, sceneCategories } from '../../datasets/detection/scenes.js'
import { makeFolder, writeFileAtomically } from '../shared/files.js'
import { readModel } from '../shared/read-model.js'
import type { Backbone } from '../train/detection/backbone.js'
import { type DetectorRunConfig, validateDetectorConfig } from '../train/detection/config.js'
import { loadDetectionData } from '../train/detection/data.js'
import { evaluateDetector } from '../train/detection/evaluate.js'
import { buildDetector, detectorFrom } from '../train/detection/export.js'
import { detectorFormatter } from '../train/detection/metrics.js'
import { detectorPresets } from '../train/detection/presets.js'
import { buildDetectorStep } from '../train/detection/step.js'
import { trainDetector } from '../train/detection/train.js'
import { loadBackbone } from '../train/load-backbone.js'
import type { Run } from '../train/tasks.js'
import { createRun, exportDetectorRun, readDetectorConfig, resumeRun } from '../train/tasks.js'
import { scenesPath, stagePath } from './chain-folder.js'
import type { DetectorPlan } from './plan.js'
import { type Stage, type StageContext, TrainingReporter } from './stage.js'

/** So often in its training the model is saved, served and measured. */
const CHECKPOINTS = 5
/** Held-out scenes that are written as files, and their side in pixels: large enough to read labels of boxes. */
const SHOWN = 6
const SHOWN_SIZE = 448

/** The preset with a feature pyramid, on that backbone and for the time that there is. */
export function detectorConfig(
  { model, weights }: Backbone,
  { training, scenes, validation }: DetectorPlan,
): DetectorRunConfig {
  const preset = detectorPresets['faster-rcnn-nas-fpn-embedded']
  if (preset.data.kind !== 'embedded') throw new Error('The preset is not for the embedded scenes')
  return validateDetectorConfig({
    ...preset,
    backbone: model,
    weights: weights.source,
    data: { ...preset.data, train: scenes, validation, categories: sceneCategories },
    length: { kind: 'seconds', amount: training },
    checkpoint: { steps: null, seconds: training / CHECKPOINTS },
    evaluateEvery: 1,
    // Measured on so few scenes, the best is a matter of luck, and the last has the lowest learning rate.
    keep: 'last',
  })
}

export const detectorStage: Stage<'detector'> = async (context) => {
  const { folder, plan, clock, report } = context
  const place = stagePath(folder, 'detector')
  report({ kind: 'progress', done: 0, text: 'composing scenes of emoji' })
  const backbone = await loadBackbone(
    stagePath(folder, 'classifier'),
    detectorPresets['faster-rcnn-nas-fpn-embedded'].backbone,
  )
  const run = await openRun(place, backbone, context)
  try {
    if (run.checkpoint !== null && run.checkpoint.step > 0) clock.hasResult()
    const { config } = run
    const { train, validation } = await loadDetectionData(config.data)
    await writeScenes(scenesPath(folder), validation!)
    if (clock.isStopped) return null
    report({ kind: 'progress', done: 0, text: 'compiling the detector' })
    const reporter = new TrainingReporter(context, detectorFormatter, () => exportDetectorRun(place))
    const compiler = { buildDetectorStep, buildDetector }
    const note = (text: string): void => report({ kind: 'note', text })
    const data = { train, validation }
    const options = { ...reporter.options, warn: note }
    const { step } = await trainDetector(run, data, backbone.weights, compiler, options)
    await reporter.settled()
    if (clock.isStopped) return null
    await reporter.export()
    const model = join(place, 'detector.onnx')
    report({ kind: 'progress', done: 1, text: 'measuring on held-out scenes' })
    const measured = await measure(model, config, plan.detector.tested)
    return { model: relative(folder, model), steps: step, ...measured }
  } finally {
    await run.close()
  }
}

async function openRun(
  place: string,
  backbone: Backbone,
  { plan }: StageContext,
): Promise<Run<DetectorRunConfig>> {
  if (existsSync(join(place, 'config.json'))) return resumeRun(place, await readDetectorConfig(place))
  return createRun(place, detectorConfig(backbone, plan.detector))
}

/** Measures the exported file, which is what is served. */
async function measure(
  path: string,
  config: DetectorRunConfig,
  count: number,
): Promise<{ ap: number; ap50: number; images: number }> {
  const { data, inputSize } = config
  const { size, seed } = data as Extract<DetectorRunConfig['data'], { kind: 'embedded' }>
  const scenes = await loadScenes({ part: 'test', count, size, seed })
  const detector = await detectorFrom((await readModel(path)).bytes, inputSize)
  const measured = await evaluateDetector(detector, config, scenes).finally(() => detector.close())
  const { stats, images } = measured!
  return { ap: stats[0], ap50: stats[1], images }
}

/** The first held-out scenes as files, larger than they are. */
async function writeScenes(folder: string, scenes: DetectionSet): Promise<void> {
  await makeFolder(folder)
  const count = Math.min(SHOWN, scenes.images.length)
  for (let index = 0; index < count; index++) {
    const path = join(folder, `${index + 1}.jpg`)
    if (existsSync(path)) continue
    const { data, width, height } = await decodeImage(scenes, index)
    const image = sharp(data, { raw: { width, height, channels: 3 } }).resize(SHOWN_SIZE, SHOWN_SIZE)
    await writeFileAtomically(path, await image.jpeg({ quality: 88 }).toBuffer())
  }
}
