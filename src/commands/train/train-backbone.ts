import { imageFormats } from '../../../datasets/files/image-files.js'
import { UserError } from '../../shared/errors.js'
import { plural } from '../../shared/text.js'
import type { RunConfig } from '../../train/classification/config.js'
import { compilerFor, type Device } from '../../train/classification/devices.js'
import { applyInitialWeights } from '../../train/classification/initial-weights.js'
import { classifierFormatter } from '../../train/classification/metrics.js'
import { FINETUNE_PRESET, presets } from '../../train/classification/presets.js'
import { trainClassifier } from '../../train/classification/train.js'
import { loadData, noteData } from '../../train/images/data.js'
import { kindOf } from '../../train/images/data-place.js'
import { loadBackbone } from '../../train/load-backbone.js'
import type { ParameterSlot, StateVectors } from '../../train/step/step-types.js'
import { createRun, type EvaluationRow, readConfig, resumeRun } from '../../train/tasks.js'
import { freeRunFolder } from '../shared/new-folder.js'
import { readGenotype } from '../shared/read-genotype.js'
import { say, sayAll } from '../shared/say.js'
import { applyFlags, trainBackboneFlags } from './backbone-flags.js'
import { runSession } from './session.js'
import { jsonFields, UNCHECKED_DATA } from './training-options.js'

const help = `
A run is a folder: config.json (everything needed to repeat it), metrics.jsonl, checkpoints and, at the end,
model.onnx. The preset gives every setting; other flags change single ones. Ctrl-C writes a checkpoint and prints
the command that continues the run; a resumed run ends bit-identical to an uninterrupted one.

--init begins with trained weights, for example imported ones, whose architecture the run takes over. Where the classes
are of another number, the classifier's head begins with random ones. Without --preset, the recipe is "finetune".

A folder of images has train/<class>/*.jpg (${imageFormats}), and optionally val/ (or valid/,
validation/) and test/ with the same classes; images may lie in subfolders, and links are followed. A run records
the path and the files of its data: --resume works from any folder, refuses other data, and takes --data or
--data-dir for data that was moved.

${jsonFields('"top1", "top5", "loss" and "images", their number')}

Examples:
  $ toolkit train-backbone --preset laptop-cifar10
  $ toolkit train-backbone --data cifar10 --arch nasnet-a --cells 2 --filters 32 --cutout 16 --epochs 20
  $ toolkit train-backbone --preset embedded --arch my-genotype.json --seconds 600 --out runs/mine
  $ toolkit train-backbone --init runs/mobile --data photos --epochs 5
  $ toolkit train-backbone --resume runs/mine
  $ toolkit train-backbone --resume runs/mine --learning-rate 0.01

Next: toolkit evaluate RUN, toolkit plot RUN --out curve.svg, toolkit serve RUN/model.onnx`

/** `toolkit train-backbone` */
export function trainBackboneCommand() {
  return trainBackboneFlags()
    .addHelpText('after', help)
    .action(async (flags, self) => {
      const { resume, out, device, init } = flags
      const named = self.getOptionValueSource('preset') === 'cli'
      if (resume !== undefined && (out !== undefined || init !== undefined || named))
        throw new UserError(
          '--resume continues a run with its own settings: leave out --out, --preset and --init',
        )
      const genotype = flags.arch === undefined ? undefined : await readGenotype(flags.arch)
      const before =
        resume !== undefined
          ? await resumable(resume)
          : init === undefined
            ? presets[flags.preset]
            : await beginWith(init, presets[named ? flags.preset : FINETUNE_PRESET], flags.data)
      const placed = flags.data !== undefined || flags.dataDir !== undefined
      const result = await trainIn(applyFlags(before, flags, genotype), { resume, out, device, placed })
      if (flags.json) console.log(JSON.stringify(result))
      else if (result.finished)
        console.log(`Trained ${plural(result.steps, 'step')}; the model is ${result.model}`)
    })
}

/** The config of a run to resume. Throws for imported weights, which no optimizer has a state for. */
async function resumable(folder: string): Promise<RunConfig> {
  const config = await readConfig(folder)
  if (config.imported === undefined) return config
  throw new UserError(
    `${folder} holds imported weights, which were not trained here; begin a new run with them: --init ${folder}`,
  )
}

/** The config of a run that begins with the weights of another: a preset's, with the architecture of the weights. */
async function beginWith(init: string, preset: RunConfig, data = preset.data.name): Promise<RunConfig> {
  const { model, imageSize } = await loadBackbone(init, preset.model)
  // Other data sets have images of one size.
  const sized = kindOf(data) === 'folder' && imageSize !== null ? { imageSize } : {}
  return { ...preset, data: { ...preset.data, ...sized }, model, init }
}

/** Trains a new or resumed run with progress on stderr, and exports the model at its end. */
async function trainIn(
  config: RunConfig,
  { resume, out, device, placed }: { resume?: string; out?: string; device: Device; placed: boolean },
) {
  const compiler = await compilerFor(device)
  const dataset = await loadData(config)
  sayAll(dataset.warnings)
  if (resume !== undefined && placed && config.data.fingerprint === undefined && dataset.fingerprint)
    say(UNCHECKED_DATA)
  const run =
    resume === undefined
      ? await createRun(out ?? freeRunFolder(config.data.name, config.model), noteData(config, dataset))
      : await resumeRun(resume, placed ? noteData(config, dataset) : config)
  // A run that was stopped before its first checkpoint begins again.
  const weights =
    run.checkpoint === null && config.init !== undefined
      ? (await loadBackbone(config.init, config.model)).weights
      : null
  const begin =
    weights &&
    ((layout: ParameterSlot[], state: StateVectors) => {
      const { copied, fresh } = applyInitialWeights(layout, state, weights)
      say(
        `Began with ${plural(copied, 'tensor')} of ${weights.source}` +
          (fresh.length === 0 ? '' : `; new, because the classes differ or it has none: ${fresh.join(', ')}`),
      )
      return state
    })
  const session = await runSession(run, {
    command: 'train-backbone',
    data: `${plural(dataset.train.count, 'image')} of ${plural(dataset.classes.length, 'class', 'classes')}`,
    formatter: classifierFormatter,
    train: (options) =>
      trainClassifier(run, { train: dataset.train, validation: dataset.validation ?? null }, compiler, {
        ...options,
        begin,
      }),
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
