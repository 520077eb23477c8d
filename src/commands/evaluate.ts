import { readFile, stat } from 'node:fs/promises'
import { Command, Option } from 'commander'
import type { Dataset, ImageSet } from '../../datasets/index.js'
import { loadDataset } from '../../datasets/index.js'
import { UserError } from '../errors.js'
import { fileError } from '../files.js'
import { readModelCard } from '../model-card.js'
import { inferenceState } from '../train/checkpoint.js'
import { loadData } from '../train/data.js'
import { classFigures, type Evaluation, evaluate } from '../train/evaluate.js'
import { buildPredictor, predictorFrom } from '../train/export.js'
import { percent } from '../train/progress.js'
import { newestCheckpoint, readConfig } from '../train/run-folder.js'
import type { Predictor } from '../train/step-types.js'

type Part = 'test' | 'validation' | 'train'

interface Flags {
  data?: string
  dataDir?: string
  split: Part
  json?: boolean
}

const help = `
A run is measured at its newest checkpoint, with the averaged weights where it keeps an average, on the data
that it was trained with. For a model name the data, unless the model does so itself.

Examples:
  $ toolkit evaluate runs/mine
  $ toolkit evaluate runs/mine --split validation --json
  $ toolkit evaluate model.onnx --data cifar10`

const BATCH = 100

/** `toolkit evaluate RUN|model.onnx` */
export function evaluateCommand(): Command {
  return new Command('evaluate')
    .description('measure a run or an exported model on labelled images')
    .argument('<run-or-model>', "a run's folder, or a model.onnx")
    .option('--data <name>', 'embedded, cifar10 or a folder (default: what it was trained with)')
    .option('--data-dir <folder>', 'where fetched data sets lie')
    .addOption(
      new Option('--split <part>', 'which images').choices(['test', 'validation', 'train']).default('test'),
    )
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', help)
    .action(async (subject: string, flags: Flags) => {
      const isFolder = (
        await stat(subject).catch((error) => Promise.reject(fileError('read', subject, error)))
      ).isDirectory()
      const { predictor, set } = isFolder ? await openRun(subject, flags) : await openModel(subject, flags)
      const figures = await evaluate(predictor, set, {
        batchSize: BATCH,
        onBatch: showCount(set.count),
      }).finally(() => predictor.close())
      if (figures === null) return
      const classes = classFigures(figures.confusion, set.classes)
      if (flags.json)
        console.log(JSON.stringify({ subject, data: set.name, split: flags.split, ...figures, classes }))
      else console.log(report(set, figures))
    })
}

/** Counts on a terminal's stderr how many images are done. */
function showCount(total: number): ((done: number) => void) | undefined {
  if (!process.stderr.isTTY) return undefined
  return (done) => process.stderr.write(done < total ? `\r${done} of ${total} images` : '\r\x1b[2K')
}

interface Subject {
  predictor: Predictor
  set: ImageSet
}

async function openRun(folder: string, flags: Flags): Promise<Subject> {
  const config = await readConfig(folder)
  const checkpoint = await newestCheckpoint(folder)
  if (checkpoint === null) throw new UserError(`${folder} has no checkpoint yet; train it first`)
  const { data } = config
  const named = {
    ...config,
    data: { ...data, name: flags.data ?? data.name, folder: flags.dataDir ?? data.folder },
  }
  const set = partOf(await loadData(named), flags.split)
  const shapes = { batch: BATCH, imageSize: set.height, classes: set.classes.length }
  return { set, predictor: await buildPredictor(config, inferenceState(checkpoint.state), shapes) }
}

async function openModel(path: string, flags: Flags): Promise<Subject> {
  const card = await readModelCard(path)
  const trained = card.about.data as { name?: string; validation?: number } | undefined
  const training = card.about.training as { seed?: number } | undefined
  const name = flags.data ?? trained?.name
  if (name === undefined)
    throw new UserError(`${path} does not say what it was trained with; name the images with --data`)
  const [size, width] = card.inputSize
  if (card.task !== 'classification' || size !== width)
    throw new UserError(
      `${path} is for ${card.task} on images of ${size}×${width}; this measures classification on square images`,
    )
  // The split into training and validation images is the one of the model's own training.
  const validation = trained?.validation ?? 0
  const dataset = await loadDataset(name, { size, validation, seed: training?.seed, dataDir: flags.dataDir })
  const set = partOf(dataset, flags.split)
  if (JSON.stringify(set.classes) !== JSON.stringify(card.labels))
    throw new UserError(
      `${path} knows the classes ${card.labels.join(', ')}, but ${name} has ${set.classes.join(', ')}`,
    )
  const predictor = await predictorFrom(await readFile(path), size).catch((error: Error) => {
    throw new UserError(`${path} cannot be run: ${error.message}`, { cause: error })
  })
  return { set, predictor }
}

function partOf(dataset: Dataset, part: Part): ImageSet {
  const set = dataset[part]
  if (set === undefined)
    throw new UserError(`${dataset.name} has no ${part} images; choose another part with --split`)
  return set
}

/** The figures as text: totals, a line for each class, the confusion matrix. */
function report(set: ImageSet, figures: Evaluation): string {
  const { images, top1, top5, loss, confusion } = figures
  const share = (value: number | null): string => (value === null ? '–' : percent(value))
  const width = Math.max(5, ...set.classes.map((label) => label.length))
  const column = Math.max(4, String(Math.max(...confusion.flat())).length + 1)
  const classes = classFigures(confusion, set.classes).map(
    ({ label, images, recall, precision }) =>
      `${label.padEnd(width)}  ${String(images).padStart(6)}  ${share(recall).padStart(8)}  ${share(precision).padStart(9)}`,
  )
  const matrix = confusion.map(
    (row, index) =>
      `${set.classes[index].padEnd(width)} ${row.map((count) => String(count || '·').padStart(column)).join('')}`,
  )
  const header = set.classes.map((label) => label.slice(0, column - 1).padStart(column)).join('')
  return [
    `${set.name}: ${images} images, top-1 ${percent(top1)}, top-5 ${percent(top5)}, loss ${loss.toFixed(4)}`,
    '',
    `${'class'.padEnd(width)}  images    recall  precision`,
    ...classes,
    '',
    'Confusion (row: true class, column: answer)',
    `${''.padEnd(width)} ${header}`,
    ...matrix,
  ].join('\n')
}
