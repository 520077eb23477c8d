import { stat } from 'node:fs/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { UserError } from '../../shared/errors.js'
import { fileError } from '../../shared/files.js'
import { type ModelCard, readModel } from '../../shared/model-card.js'
import { type AnyRunConfig, forTask, readAnyConfig, type TaskName } from '../../train/tasks.js'
import { evaluateClassifier } from './evaluate-classifier.js'
import { evaluateDetectorOn } from './evaluate-detector.js'
import type { EvaluateFlags } from './evaluate-flags.js'

const help = `
A run is measured at its newest checkpoint, with the averaged weights where it keeps an average.

Classifiers are measured on the data that they were trained with, unless --data names other. Where a run's own data
has changed since it began, that is said.

Detectors are measured on the validation images of their run, or on those of --data and --annotations, whose
categories must be the detector's: COCO's twelve numbers, and those of each category. Into --out are written
detections.json (COCO's results format), evaluation.json, and pictures.html with the worst and the best images.

Examples:
  $ toolkit evaluate runs/mine
  $ toolkit evaluate runs/mine --split validation --json
  $ toolkit evaluate model.onnx --data cifar10
  $ toolkit evaluate runs/my-detector
  $ toolkit evaluate detector.onnx --data val2017 --annotations instances_val2017.json --limit 500
  $ toolkit evaluate detector.onnx --data embedded`

const whole = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1.')
  return Number(text)
}

/** What a trained network is called, and the flags that only its evaluation takes, by task. */
const FOR_TASK: Record<TaskName, { noun: string; flags: readonly (keyof EvaluateFlags)[] }> = {
  classification: { noun: 'classifier', flags: ['dataDir', 'split'] },
  detection: { noun: 'detector', flags: ['annotations', 'limit', 'out'] },
}

/** `toolkit evaluate RUN|model.onnx|detector.onnx` */
export function evaluateCommand(): Command {
  return new Command('evaluate')
    .description('measure a run or an exported model on labelled images')
    .argument('<run-or-model>', "a run's folder, a model.onnx or a detector.onnx")
    .option('--data <name>', 'embedded, cifar10 or a folder (default: what it was trained with)')
    .option('--data-dir <folder>', 'classifiers: where fetched data sets lie')
    .addOption(
      new Option('--split <part>', 'classifiers: which images')
        .choices(['test', 'validation', 'train'])
        .default('test'),
    )
    .option('--annotations <file>', 'detectors: COCO annotations of the images in the folder --data')
    .option('--limit <n>', 'detectors: only the first so many images', whole)
    .option('--out <folder>', 'detectors: where to (default: evaluation in the run, or here)')
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', help)
    .action(async (path: string, flags: EvaluateFlags, self: Command) => {
      const isFolder = (
        await stat(path).catch((error) => Promise.reject(fileError('read', path, error)))
      ).isDirectory()
      if (isFolder) {
        const config = await readAnyConfig(path)
        refuseOthers(path, config.task, self)
        await forTask<AnyRunConfig, Promise<void>>(config, {
          classification: (own) => evaluateClassifier({ path, config: own }, flags),
          detection: (own) => evaluateDetectorOn({ path, config: own }, flags),
        })
      } else {
        const { card, bytes } = await readModel(path)
        refuseOthers(path, card.task, self)
        await forTask<ModelCard, Promise<void>>(card, {
          classification: (own) => evaluateClassifier({ path, card: own, bytes }, flags),
          detection: (own) => evaluateDetectorOn({ path, card: own, bytes }, flags),
        })
      }
    })
}

function refuseOthers(path: string, task: TaskName, command: Command): void {
  for (const [name, { noun, flags }] of Object.entries(FOR_TASK)) {
    const given = flags.find((flag) => command.getOptionValueSource(flag) === 'cli')
    if (name === task || given === undefined) continue
    const flag = command.options.find((option) => option.attributeName() === given)!.long
    throw new UserError(`${path} is a ${FOR_TASK[task].noun}, and ${flag} is for ${noun}s; leave it out`)
  }
}
