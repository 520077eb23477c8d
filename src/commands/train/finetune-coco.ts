import { basename, join } from 'node:path'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { writeFileAtomically } from '../../shared/files.js'
import { plural } from '../../shared/text.js'
import type { DetectionDataConfig, DetectorRunConfig } from '../../train/detection/config.js'
import type { DetectionData } from '../../train/detection/data.js'
import { lowResultNote } from '../../train/detection/low-result.js'
import { type DetectorMetrics, detectorFormatter } from '../../train/detection/metrics.js'
import type { Run } from '../../train/run/run-folder.js'
import { createRun, resumeRun } from '../../train/tasks.js'
import { freeRunFolder } from '../shared/new-folder.js'
import { say, sayAll } from '../shared/say.js'
import type { RunData } from './detector-data.js'
import { type FinetuneFlags, finetuneCocoFlags } from './detector-flags.js'
import { configOf, type FirstWeights, firstWeights, startOf } from './detector-start.js'
import { keptEvaluation } from './kept-evaluation.js'
import { runSession, type TrainingSession } from './session.js'
import { startLine } from './start-line.js'
import { jsonFields, UNCHECKED_DATA } from './training-options.js'

const help = `
The backbone is a classifier: the folder of its run, or a .safetensors file of weights named by parameter path. The
detector takes over its architecture and begins with its weights; with --from-scratch it begins with random ones.

--init begins with a whole detector, trained here or imported by import-weights: its architecture, the settings of its
detector, input size and way of resizing are taken over, and --preset gives the recipe of the training alone (default:
that of faster-rcnn-nas-small with a lower learning rate). Classes of categories that have the same name in its run and in
the annotations are carried over; the columns of others begin with random weights.

--data is a folder of images with annotations in the format of COCO, YOLO, Pascal VOC or a CSV of boxes, which is found
out by looking (see "toolkit datasets convert --help"), with any categories. Its parts train and val are used as such.
Of a set without validation images, a fifth is held out (of 10 images or more; at most 1,000): stratified by category,
near-duplicates on one side, chosen by --seed. What is converted, chosen (--categories) or held out is written as
COCO files into the run: RUN/annotations/train.json and val.json; the images stay where they are.

The preset gives every setting; other flags change single ones.

A run is a folder, as with train-backbone; at the end it holds detector.onnx. Ctrl-C writes a checkpoint and prints
the command that continues the run; a resumed run ends bit-identical to an uninterrupted one. A run records the
paths and contents of its images and annotations: --resume refuses others, and takes --data and --annotations for
those that were moved. File names as other tools write them (backslashes, %20, leading folders, URLs) are found if
exactly one file fits.

Before a long run, look at its training images with --preview: mirrored, scaled and cropped, with boxes and masks.

${jsonFields('"ap", "ap50", … and "images", their number')}
With --preview it prints {"preview"}: the path of the picture.

Examples:
  $ toolkit finetune-coco --backbone runs/mine --data my-yolo
  $ toolkit finetune-coco --backbone runs/mine --data photos --annotations boxes.csv --categories person,dog
  $ toolkit finetune-coco --backbone runs/mine --data photos --annotations photos.json \\
      --val-images more --val-annotations more.json --steps 4000
  $ toolkit finetune-coco --backbone runs/mine --data embedded
  $ toolkit finetune-coco --backbone runs/mine --data embedded --from-scratch --out runs/scratch
  $ toolkit finetune-coco --backbone large.safetensors --preset faster-rcnn-nas-large
  $ toolkit finetune-coco --init runs/coco --data photos --annotations photos.json --batch-size 1 --steps 2000
  $ toolkit finetune-coco --resume runs/scratch
  $ toolkit finetune-coco --data photos --annotations photos.json --preview sheet.png

Next: toolkit evaluate RUN, toolkit plot RUN RUN --out curve.svg, toolkit serve RUN/detector.onnx`

/** `toolkit finetune-coco` */
export function finetuneCocoCommand() {
  return finetuneCocoFlags()
    .addHelpText('after', help)
    .action(async (flags) => {
      if (flags.preview !== undefined) return preview(flags.preview, flags)
      const { config, weights } = await startOf(flags)
      const { low, ...result } = await trainIn(config, weights, flags)
      if (flags.json) console.log(JSON.stringify(result))
      else if (result.finished) console.log(describeResult(result, config))
      if (low !== undefined) say(low)
    })
}

/** For example two lines: what was reached, and the commands to type next. */
function describeResult(
  { run, steps, validation, model }: TrainingSession<DetectorMetrics>,
  { keep }: Pick<DetectorRunConfig, 'keep'>,
): string {
  const measured =
    validation === null
      ? ''
      : `${keep === 'best' ? `, the best after epoch ${validation.epoch.toFixed(1)}` : ''}: ${detectorFormatter.evaluation(validation)}`
  return [
    `Trained ${plural(steps, 'step')}${measured}; the detector is ${model}`,
    validation === null
      ? `Next: toolkit serve ${model}; toolkit evaluate ${run} --data FOLDER measures it on annotated images`
      : `Next: toolkit evaluate ${run}, or toolkit serve ${model}`,
  ].join('\n')
}

/** Draws training images, and trains nothing. */
async function preview(path: string, flags: FinetuneFlags): Promise<void> {
  const config = await configOf(flags)
  const [{ loadDetectionData }, { drawTrainingSheet }] = await Promise.all([
    import('../../train/detection/data.js'),
    import('../../train/detection/preview.js'),
  ])
  const source = await dataOf(config, flags)
  try {
    const { train, warnings } = await source.retelling(() => loadDetectionData(source.data))
    sayAll(new Set([...source.notes, ...warnings.map(source.retold)]))
    await writeFileAtomically(path, await drawTrainingSheet(config, train, { warn: say }))
    console.log(flags.json ? JSON.stringify({ preview: path }) : `Drawn: ${path}; nothing was trained`)
  } finally {
    await source.remove()
  }
}

/** The formats are loaded here, so that --help does not wait for them. */
async function dataOf(config: DetectorRunConfig, flags: FinetuneFlags): Promise<RunData> {
  const { asNamed, dataOfNewRun } = await import('./detector-data.js')
  return flags.resume === undefined ? dataOfNewRun(config, flags) : asNamed(config.data)
}

/** Trains a new or resumed run with progress on stderr, and exports the detector at its end. */
async function trainIn(config: DetectorRunConfig, start: FirstWeights, flags: FinetuneFlags) {
  // Loaded here, so that --help and wrong flags do not wait for TensorFlow.js.
  const [{ trainDetector }, steps, exports, { describeDetector }] = await Promise.all([
    import('../../train/detection/train.js'),
    import('../../train/detection/step.js'),
    import('../../train/detection/export.js'),
    import('../../train/detection/describe.js'),
  ])
  const { resume, threads } = flags
  const { run, data } = await openRun(config, flags)
  const { train, validation } = data
  // A run that was stopped before its first checkpoint begins again.
  const weights = resume !== undefined && run.checkpoint === null ? await firstWeights(config) : start
  const session = await runSession(run, {
    command: 'finetune-coco',
    data: describeSet(train),
    formatter: detectorFormatter,
    train: (options, progress) => {
      const { parameters } = describeDetector(config, train.categories.length)
      progress.note(
        startLine({
          ...{ inputSize: config.inputSize, parameters: parameters.total, length: config.length },
          ...{ images: train.images.length, measured: validation?.images.length ?? 0 },
          imagesPerStep: config.batchSize * config.accumulate,
        }),
      )
      progress.note('Compiling the training step …')
      return trainDetector(
        run,
        data,
        weights,
        {
          buildDetectorStep: (config, shapes) => steps.buildDetectorStep(config, shapes, { threads }),
          buildDetector: exports.buildDetector,
        },
        {
          ...options,
          warn: progress.note,
          onBackbone: (count) =>
            progress.note(`Initialized ${plural(count, 'tensor')} from ${config.weights}`),
          onDetector: ({ copied, ...classes }) =>
            progress.note(
              `Began with ${plural(copied, 'tensor')} of ${config.init}; ${describeClasses(classes)}`,
            ),
        },
      )
    },
  })
  const { finished } = session
  const measured = finished ? await keptEvaluation<DetectorMetrics>(run.folder, config) : session.validation
  const low = finished && measured ? lowResultNote(measured.ap50, session.steps, config, train) : undefined
  return { ...session, validation: measured, low }
}

/** Loads the data, checks it, and opens the run: nothing is left of a new one whose data is refused. */
async function openRun(
  config: DetectorRunConfig,
  flags: FinetuneFlags,
): Promise<{ run: Run<DetectorRunConfig>; data: DetectionData }> {
  const [{ loadDetectionData, noteCategories }, checks] = await Promise.all([
    import('../../train/detection/data.js'),
    import('../../train/detection/learnable.js'),
  ])
  const { resume, out, data: images, annotations, valImages, valAnnotations } = flags
  if (config.data.kind === 'embedded') say('Composing the embedded scenes …')
  if (config.weights === null && config.init === undefined && config.detector.batchNorm === 'frozen')
    say('Random weights train badly with frozen batch norm: add --batch-norm trained')
  const source = await dataOf(config, flags)
  try {
    sayAll(new Set(source.notes))
    const data = await source.retelling(async () => {
      const loaded = await loadDetectionData(source.data)
      const told = new Set(source.notes)
      sayAll(loaded.warnings.map(source.retold).filter((warning) => !told.has(warning)))
      if (resume === undefined) sayAll(checks.checkTrainingData(config, loaded))
      else checks.assertLearnable(config, loaded.train)
      return loaded
    })
    if (data.validation === null)
      say(
        'Nothing is evaluated during training: name images for it with --val-images, or hold some out with --val-fraction',
      )
    const noted = (from: DetectorRunConfig) => noteCategories(from, data.train, data.validation)
    const placed = [images, annotations, valImages, valAnnotations].some((flag) => flag !== undefined)
    if (resume !== undefined && (images ?? annotations) !== undefined && isUnchecked(config.data))
      say(UNCHECKED_DATA)
    if (resume !== undefined) return { data, run: await resumeRun(resume, placed ? noted(config) : config) }
    const folder = out ?? newFolder(config)
    const { ANNOTATIONS } = await import('./detector-data.js')
    const part = source.write && { name: ANNOTATIONS, fill: source.write }
    const run = await createRun(folder, noted({ ...config, data: source.placedIn(folder) }), part)
    if (part !== undefined) say(`The annotations that are used are in ${join(folder, ANNOTATIONS)}`)
    return { data, run }
  } finally {
    await source.remove()
  }
}

/** For example `kept classes: cat, dog; new: forklift`. */
function describeClasses({ carriedOver, fresh }: { carriedOver: string[]; fresh: string[] }): string {
  const kept =
    carriedOver.length === 0 ? 'none of its classes is kept' : `kept classes: ${someOf(carriedOver)}`
  return fresh.length === 0 ? kept : `${kept}; new: ${someOf(fresh)}`
}

const SHOWN = 5

const someOf = (names: readonly string[]): string =>
  names.slice(0, SHOWN).join(', ') + (names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '')

const isUnchecked = (data: DetectionDataConfig): boolean =>
  data.kind === 'coco' && data.train.fingerprint === undefined

/** For example `128 images, 126 of them with objects, of 80 categories`. */
function describeSet({ images, categories }: DetectionSet): string {
  const count = images.filter(({ crowd }) => crowd.includes(0)).length
  const shown =
    count === images.length
      ? `${plural(count, 'image')} with objects`
      : `${plural(images.length, 'image')}, ${count} of them with objects,`
  return `${shown} of ${plural(categories.length, 'category', 'categories')}`
}

/** For example `runs/photos-faster-rcnn-nasnet-a-2x32`. */
function newFolder({ data, backbone }: DetectorRunConfig): string {
  const images =
    data.kind === 'embedded'
      ? data.kind
      : basename(data.train.annotations).replace(/\.(json|csv|tsv|ya?ml|data)(\.gz)?$/i, '')
  return freeRunFolder(images, { ...backbone, name: `faster-rcnn-${backbone.name}` })
}
