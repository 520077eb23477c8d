import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { Command, Option } from 'commander'
import { imageFormats } from '../../../datasets/files/image-files.js'
import { UserError } from '../../shared/errors.js'
import type { RunConfig } from '../../train/classification/config.js'
import { compilerFor, DEVICES, type Device } from '../../train/classification/devices.js'
import { classifierFormatter } from '../../train/classification/metrics.js'
import { presets } from '../../train/classification/presets.js'
import { trainClassifier } from '../../train/classification/train.js'
import { loadData, noteData } from '../../train/images/data.js'
import { createRun, type EvaluationRow, readConfig, resumeRun } from '../../train/tasks.js'
import { readGenotype } from '../shared/read-genotype.js'
import { runSession } from './session.js'
import { addTrainFlags, applyFlags, type TrainFlags } from './train-flags.js'

interface Flags extends TrainFlags {
  preset: string
  out?: string
  resume?: string
  device: Device
  json?: boolean
}

const help = `
A run is a folder: config.json (everything needed to repeat it), metrics.jsonl, checkpoints, model.onnx.
A preset gives every setting, flags change single ones. Ctrl-C saves and tells how to go on; a resumed run
ends exactly as an unbroken one.

A folder of images has train/<class>/*.jpg (${imageFormats}), perhaps val/ (or valid/, validation/) and test/ likewise;
images may lie deeper, and links are followed. A run notes where its data lies and what files it has: --resume finds
it from every folder, refuses other data, and takes --data or --data-dir for data that was moved.

Examples:
  $ toolkit train-backbone --preset laptop-cifar10
  $ toolkit train-backbone --data cifar10 --arch nasnet-a --cells 2 --filters 32 --cutout 16 --epochs 20
  $ toolkit train-backbone --preset embedded --arch my-genotype.json --seconds 600 --out runs/mine
  $ toolkit train-backbone --resume runs/mine
  $ toolkit train-backbone --resume runs/mine --learning-rate 0.01

Then: toolkit evaluate RUN, toolkit plot RUN --out curve.svg, toolkit serve RUN/model.onnx`

/** `toolkit train-backbone` */
export function trainBackboneCommand(): Command {
  const command = new Command('train-backbone')
    .description('train an image classifier')
    .addOption(
      new Option('--preset <name>', 'the config to start from')
        .choices(Object.keys(presets))
        .default('paper-cifar'),
    )
    .option('--out <folder>', 'folder of the new run (default: a new one below runs/)')
    .option('--resume <run>', 'go on with a run; flags may change settings that its state does not depend on')
    .addOption(
      new Option('--device <name>', 'what computes: ONNX Runtime on CPU, CUDA or WebGPU, or TensorFlow')
        .choices(DEVICES)
        .default('cpu'),
    )
    .option('--json', 'print the result as JSON')
  return addTrainFlags(command)
    .addHelpText('after', help)
    .action(async (flags: Flags, self: Command) => {
      const { resume, out, device } = flags
      if (resume !== undefined && (out !== undefined || self.getOptionValueSource('preset') === 'cli'))
        throw new UserError('--resume goes on with a run as it is: leave out --out and --preset')
      const genotype = flags.arch === undefined ? undefined : await readGenotype(flags.arch)
      const before = resume === undefined ? presets[flags.preset] : await readConfig(resume)
      const placed = flags.data !== undefined || flags.dataDir !== undefined
      const result = await trainIn(applyFlags(before, flags, genotype), { resume, out, device, placed })
      if (flags.json) console.log(JSON.stringify(result))
      else if (result.finished) console.log(`Trained ${result.steps} steps; the model is ${result.model}`)
    })
}

/** Trains a new or resumed run with progress on stderr, and exports the model at its end. */
async function trainIn(
  config: RunConfig,
  { resume, out, device, placed }: { resume?: string; out?: string; device: Device; placed: boolean },
) {
  const compiler = await compilerFor(device)
  const dataset = await loadData(config)
  for (const warning of dataset.warnings) console.error(warning)
  if (resume !== undefined && placed && config.data.fingerprint === undefined && dataset.fingerprint)
    console.error('The run does not say what its data was like: whether this is the same was not checked')
  const run =
    resume === undefined
      ? await createRun(out ?? freeFolder(`runs/${runName(config)}`), noteData(config, dataset))
      : await resumeRun(resume, placed ? noteData(config, dataset) : config)
  const session = await runSession(run, {
    command: 'train-backbone',
    data: `${dataset.train.count} images of ${dataset.classes.length} classes`,
    formatter: classifierFormatter,
    train: (options) =>
      trainClassifier(
        run,
        { train: dataset.train, validation: dataset.validation ?? null },
        compiler,
        options,
      ),
  })
  return { ...session, validation: metricsOf(session.validation) }
}

function metricsOf(
  row: EvaluationRow | null,
): Pick<EvaluationRow, 'top1' | 'top5' | 'loss' | 'images'> | null {
  if (row === null) return null
  const { top1, top5, loss, images } = row
  return { top1, top5, loss, images }
}

/** For example `cifar10-nasnet-a-2x32`. */
export function runName({ data, model }: RunConfig): string {
  return `${basename(data.name)}-${model.name}-${model.cells}x${model.filters}`.replace(/[^\w.-]+/g, '_')
}

/** The path, or the first of path-2, path-3, … that is not there yet. */
export function freeFolder(path: string): string {
  let free = path
  for (let number = 2; existsSync(free); number++) free = `${path}-${number}`
  return free
}
