/** The second stage: the best cells are stacked to a network, which is trained as a classifier. */
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import sharp from 'sharp'
import type { ImageSet } from '../../datasets/index.js'
import { type Genotype, parseGenotype } from '../../models/genotype.js'
import { firstImages } from '../search/evaluate/image-subsets.js'
import { genotypePath } from '../search/search-folder.js'
import { UserError } from '../shared/errors.js'
import { readText, writeFileAtomically } from '../shared/files.js'
import { readModel } from '../shared/read-model.js'
import type { RunConfig } from '../train/classification/config.js'
import { evaluate } from '../train/classification/evaluate.js'
import { buildPredictor, predictorFrom } from '../train/classification/export.js'
import { classifierFormatter } from '../train/classification/metrics.js'
import { presets } from '../train/classification/presets.js'
import { buildTrainStep } from '../train/classification/step.js'
import { trainClassifier } from '../train/classification/train.js'
import { loadData, noteData } from '../train/images/data.js'
import { createRun, exportRun, resumeRun } from '../train/tasks.js'
import { examplePath, stagePath } from './chain-folder.js'
import type { ClassifierPlan } from './plan.js'
import { type Stage, TrainingReporter } from './stage.js'

/** So often in its training the model is saved and served, and so often it is measured. */
const CHECKPOINTS = 5

/** The preset of backbones for the embedded scenes, with other cells and for the time that there is. */
export function classifierConfig(
  genotype: Genotype,
  { training, cells, filters, imageSize, validation }: ClassifierPlan,
): RunConfig {
  const preset = presets['embedded-backbone']
  return {
    ...preset,
    data: { ...preset.data, validation, imageSize },
    model: { ...preset.model, name: genotype.name, genotype, cells, filters },
    length: { kind: 'seconds', amount: training },
    checkpoint: { steps: null, seconds: training / CHECKPOINTS },
    evaluateEvery: 1,
  }
}

export const classifierStage: Stage<'classifier'> = async (context) => {
  const { folder, plan, clock, report } = context
  const place = stagePath(folder, 'classifier')
  report({ kind: 'progress', done: 0, text: 'drawing emoji of ten classes, by several artists' })
  const isBegun = existsSync(join(place, 'config.json'))
  const run = isBegun ? await resumeRun(place) : null
  const config = run?.config ?? classifierConfig(await bestCells(folder), plan.classifier)
  const dataset = await loadData(config)
  const { train, validation = null, test } = dataset
  if (test === undefined) throw new Error(`${dataset.name} has no test images`)
  await writeExample(examplePath(folder), test)
  const opened = run ?? (await createRun(place, noteData(config, dataset)))
  try {
    if (opened.checkpoint !== null && opened.checkpoint.step > 0) clock.hasResult()
    if (clock.isStopped) return null
    report({ kind: 'progress', done: 0, text: 'compiling the network' })
    const reporter = new TrainingReporter(context, classifierFormatter, () => exportRun(place))
    const { step } = await trainClassifier(
      opened,
      { train, validation },
      { buildTrainStep, buildPredictor },
      reporter.options,
    )
    await reporter.settled()
    if (clock.isStopped) return null
    await reporter.export()
    const model = join(place, 'model.onnx')
    const predictor = await predictorFrom((await readModel(model)).bytes, test.height)
    // Classes take turns in the embedded data set, so that any first part is balanced.
    const metrics = await evaluate(predictor, firstImages(test, plan.classifier.tested), {
      batchSize: 100,
    }).finally(() => predictor.close())
    if (metrics === null) return null
    return { model: relative(folder, model), steps: step, top1: metrics.top1, images: metrics.images }
  } finally {
    await opened.close()
  }
}

async function bestCells(folder: string): Promise<Genotype> {
  const path = genotypePath(stagePath(folder, 'search'))
  const text = await readText(
    path,
    `${path} is missing, the best cells of the search; begin anew with --fresh`,
  )
  try {
    return parseGenotype(JSON.parse(text), path)
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserError(`${path} is not JSON: ${error.message}`)
    throw error
  }
}

/** The first test image as a file, so that there is something to send. */
async function writeExample(path: string, { width, height, pixels }: ImageSet): Promise<void> {
  const raw = { width, height, channels: 3 as const }
  const image = sharp(pixels.subarray(0, width * height * 3), { raw })
  await writeFileAtomically(path, await image.png().toBuffer())
}
