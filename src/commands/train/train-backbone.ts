import { sameClasses } from '../../../datasets/classification/imagenet-classes.js'
import { imageFormats } from '../../../datasets/files/image-files.js'
import { defined } from '../../shared/defined.js'
import { UserError } from '../../shared/errors.js'
import { percent, plural } from '../../shared/text.js'
import type { RunConfig } from '../../train/classification/config.js'
import { compilerFor, type Device } from '../../train/classification/devices.js'
import { applyInitialWeights } from '../../train/classification/initial-weights.js'
import { classifierFormatter } from '../../train/classification/metrics.js'
import { FOLDER_PRESET } from '../../train/classification/presets.js'
import { rehearsing } from '../../train/classification/rehearse.js'
import { type Compiler, trainClassifier } from '../../train/classification/train.js'
import { noteData, type OpenDataset, openData } from '../../train/images/data.js'
import { sideOf } from '../../train/images/training-images.js'
import { loadBackbone } from '../../train/load-backbone.js'
import { totalSteps } from '../../train/step/schedules.js'
import type { ParameterSlot, StateVectors } from '../../train/step/step-types.js'
import type { StreamOptions } from '../../train/streaming/image-stream.js'
import { skippedSentence, type Unreadable } from '../../train/streaming/unreadable.js'
import { createRun, type Run, resumeRun } from '../../train/tasks.js'
import { freeRunFolder } from '../shared/new-folder.js'
import { withQuietLine } from '../shared/quiet-line.js'
import { readGenotype } from '../shared/read-genotype.js'
import { say, sayAll } from '../shared/say.js'
import { applyFlags, trainBackboneFlags } from './backbone-flags.js'
import { chanceOf, describeResult, lowAccuracyNote, measuredOf } from './classifier-result.js'
import { beginning, resumable, type Start } from './classifier-start.js'
import { expectedDuration } from './expected-duration.js'
import { runSession } from './session.js'
import { type StartLine, startLine } from './start-line.js'
import { jsonFields, UNCHECKED_DATA } from './training-options.js'

/** Skipped images that are named while training goes on. */
const SHOWN_UNREADABLE = 10

const help = `
A run is a folder: config.json (everything needed to repeat it), metrics.jsonl, checkpoints and, at the end,
model.onnx. The preset gives every setting; other flags change single ones. Ctrl-C writes a checkpoint and prints
the command that continues the run; a resumed run ends bit-identical to an uninterrupted one.

--init begins with trained weights, for example imported ones, whose architecture and --preprocessing the run takes over.
Where the classes are others, or in another order, the classifier's head begins with random ones. With few images, keep
what is trained already: --freeze leaves the first part of the network as it is, --layer-decay changes it less.

A folder of images has <class>/*.jpg (${imageFormats}), or train/<class>/ and optionally val/ (or
valid/, validation/) and test/ with the same classes; images may lie in subfolders, and links are followed. Without val/,
a fifth of the images is held out (--val-fraction). Tar shards have the form of WebDataset. Both are read while the
network trains, so that they may have any size; a run needs memory for a few batches, and --cache. Shards are read from
front to back through a shuffle buffer. A run records the path and the files of its data: --resume works from any folder,
refuses other data, and takes --data or --data-dir for data that was moved.

The preset ${FOLDER_PRESET}, which folders and shards take, is a small network at 96 pixels. Without --epochs, --steps or --seconds its
length is fitted to the number of images, and its best weights on the validation images are kept (--keep).

The presets imagenet-mobile and imagenet-large are the published recipes. A step of theirs has 1600 images, in
--accumulate passes of --batch-size; with other numbers and without --learning-rate, the rate changes in proportion.

${jsonFields('"top1", "top5", "loss", "images", their number, and "epoch"')}
"validation" is that of the weights that are exported (see --keep). Also "chance", the accuracy of always naming the class
that most validation images have.

Examples:
  $ toolkit train-backbone --preset laptop-cifar10
  $ toolkit train-backbone --data cifar10 --arch nasnet-a --cells 2 --filters 32 --cutout 16 --epochs 20
  $ toolkit train-backbone --preset embedded --arch my-genotype.json --seconds 600 --out runs/mine
  $ toolkit train-backbone --data photos
  $ toolkit train-backbone --init runs/mobile --data photos --epochs 5
  $ toolkit train-backbone --init runs/mobile --data photos --freeze cells:4 --layer-decay 0.8 --early-stopping 5
  $ toolkit train-backbone --data photos --randaugment 2,9 --mixup 0.2 --balance sampling
  $ toolkit train-backbone --data imagenet --data-dir /data --out runs/mobile
  $ toolkit train-backbone --preset imagenet-mobile --data '/data/shards/train-{000000..000146}.tar' --arch my-genotype.json
  $ toolkit train-backbone --data photos --augmentation inception --image-size 128 --accumulate 4 --epochs 30
  $ toolkit train-backbone --resume runs/mine
  $ toolkit train-backbone --resume runs/mine --learning-rate 0.01

Next: toolkit evaluate RUN, toolkit plot RUN --out curve.svg, toolkit serve RUN/model.onnx`

/** `toolkit train-backbone` */
export function trainBackboneCommand() {
  return trainBackboneFlags()
    .addHelpText('after', help)
    .action(async (flags) => {
      const { resume, out, device, init } = flags
      if (resume !== undefined && (out ?? init ?? flags.preset) !== undefined)
        throw new UserError(
          '--resume continues a run with its own settings: leave out --out, --preset and --init',
        )
      const genotype = flags.arch === undefined ? undefined : await readGenotype(flags.arch)
      const { config, fit } = resume === undefined ? await beginning(flags) : await resumable(resume)
      const placed = flags.data !== undefined || flags.dataDir !== undefined
      const { workers, cache } = flags
      const { low, kept, ...result } = await trainIn(applyFlags(config, flags, genotype), fit, {
        ...{ resume, out, device, placed, workers },
        cacheBytes: cache === undefined ? undefined : cache * 2 ** 20,
      })
      if (flags.json) console.log(JSON.stringify(result))
      else if (result.finished) console.log(describeResult(result, kept))
      if (result.finished && low !== undefined) say(low)
    })
}

/** Trains a new or resumed run with progress on stderr, and exports the model at its end. */
async function trainIn(
  wanted: RunConfig,
  fit: Start['fit'],
  {
    resume,
    out,
    device,
    placed,
    ...streaming
  }: { resume?: string; out?: string; device: Device; placed: boolean } & Pick<
    StreamOptions,
    'workers' | 'cacheBytes'
  >,
) {
  const dataset = await openShown(wanted)
  sayAll(dataset.warnings)
  const config = fit(wanted, dataset.train.count)
  if (resume !== undefined && placed && config.data.fingerprint === undefined && dataset.fingerprint)
    say(UNCHECKED_DATA)
  const compiler = await compilerFor(device)
  const run =
    resume === undefined
      ? await createRun(out ?? freeRunFolder(config.data.name, config.model), noteData(config, dataset))
      : await resumeRun(resume, placed ? noteData(config, dataset) : config)
  // A run that was stopped before its first checkpoint begins again.
  const source =
    run.checkpoint === null && config.init !== undefined
      ? await loadBackbone(config.init, config.model)
      : null
  const begin =
    source &&
    ((layout: ParameterSlot[], state: StateVectors) => {
      const { weights, classes } = source
      const known = classes === null || sameClasses(classes, dataset.classes)
      const { copied, fresh } = applyInitialWeights(layout, state, weights, known)
      say(
        `Began with ${plural(copied, 'tensor')} of ${weights.source}` +
          (fresh.length === 0 ? '' : `; new, because the classes differ or it has none: ${fresh.join(', ')}`),
      )
      return state
    })
  const skipped = new Map<string, Unreadable>()
  const session = await runSession(run, {
    command: 'train-backbone',
    data: `${plural(dataset.train.count, 'image')} of ${plural(dataset.classes.length, 'class', 'classes')}`,
    formatter: classifierFormatter,
    train: async (options, progress) => {
      const start = await describeStart(run.config, dataset)
      progress.note(startLine(start))
      progress.note('Compiling the training step …')
      return trainClassifier(run, dataset, rehearsed(compiler, run, start, progress.note), {
        ...options,
        ...defined(streaming),
        begin,
        onEarlyStop: (evaluations) =>
          progress.note(`Ending early: no higher accuracy in ${plural(evaluations, 'evaluation')}`),
        onUnreadable(unreadable) {
          const { title, reason } = unreadable
          if (!skipped.has(title) && skipped.size < SHOWN_UNREADABLE)
            progress.note(`Skipped: ${title} cannot be read (${reason})`)
          skipped.set(title, unreadable)
        },
      })
    },
  })
  const sentence = skippedSentence(skipped)
  if (sentence !== null) say(sentence)
  const result = {
    ...session,
    validation: await measuredOf(session.run, run.config),
    chance: dataset.validation && chanceOf(dataset.validation),
  }
  return { ...result, low: lowAccuracyNote(result, run.config, dataset.train), kept: run.config }
}

/** Steps below which nobody needs to know how long a run takes. */
const SHORT_RUN = 20

/** The compiler, which times the first step that it builds and reports how long training will take. */
function rehearsed(
  compiler: Compiler,
  { config, checkpoint }: Run,
  { length, images, imagesPerStep }: StartLine,
  note: (text: string) => void,
): Compiler {
  const left = totalSteps(length, Math.max(1, Math.floor(images / imagesPerStep))) - (checkpoint?.step ?? 0)
  if (left < SHORT_RUN) return compiler
  const { accumulate = 1 } = config
  return rehearsing(compiler, (seconds) =>
    note(
      expectedDuration({
        ...{ length, images, imagesPerStep, secondsPerStep: seconds * accumulate },
        before: { step: checkpoint?.step ?? 0, seconds: checkpoint?.seconds ?? 0 },
      }),
    ),
  )
}

async function describeStart(
  config: RunConfig,
  { train, validation, classes }: OpenDataset,
): Promise<StartLine> {
  // They load TensorFlow.js, which --help and errors of flags can do without.
  const [{ describeNetwork }, { networkConfig }] = await Promise.all([
    import('../../train/classification/describe.js'),
    import('../../train/classification/network.js'),
  ])
  const side = sideOf(train, config.data)
  return {
    inputSize: [side, side],
    parameters: describeNetwork(networkConfig(config, classes.length), side).parameters.total,
    images: train.count,
    measured: validation?.count ?? 0,
    imagesPerStep: config.batchSize * (config.accumulate ?? 1),
    length: config.length,
  }
}

/** Opens the data; where that takes long, as listing the members of large tar files does, with progress on stderr. */
function openShown(config: RunConfig): Promise<OpenDataset> {
  const { name } = config.data
  // A log needs no line for what is there in a moment.
  if (process.stderr.isTTY) say(`Opening ${name} …`)
  return withQuietLine((show) =>
    openData(config, {
      onProgress: ({ unit, done, total }) =>
        show(() => `Opening ${name}: ${percent(done / Math.max(1, total))} of the ${unit}`),
      onCompared: (done, count) => show(() => `Opening ${name}: ${done} of ${count} images compared`),
    }),
  )
}
