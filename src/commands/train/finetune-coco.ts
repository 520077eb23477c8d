import { basename } from 'node:path'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { writeFileAtomically } from '../../shared/files.js'
import { plural } from '../../shared/text.js'
import type { DetectionDataConfig, DetectorRunConfig } from '../../train/detection/config.js'
import { detectorFormatter } from '../../train/detection/metrics.js'
import { createRun, resumeRun } from '../../train/tasks.js'
import { freeRunFolder } from '../shared/new-folder.js'
import { say, sayAll } from '../shared/say.js'
import { type FinetuneFlags, finetuneCocoFlags } from './detector-flags.js'
import { configOf, type FirstWeights, firstWeights, startOf } from './detector-start.js'
import { runSession } from './session.js'
import { jsonFields, UNCHECKED_DATA } from './training-options.js'

const help = `
The backbone is a classifier: the folder of its run, or a .safetensors file of weights named by parameter path. The
detector takes over its architecture and begins with its weights; with --from-scratch it begins with random ones.

--init begins with a whole detector, trained here or imported by import-weights: its architecture, the settings of its
detector, input size and way of resizing are taken over, and --preset gives the recipe of the training alone (default:
that of faster-rcnn-nas-small with a lower learning rate). Classes of categories that have the same name in its run and in
the annotations are carried over; the columns of others begin with random weights.

Any data set in COCO's format can be used, with any categories. The preset gives every setting; other flags change
single ones.

A run is a folder, as with train-backbone; at the end it holds detector.onnx. Ctrl-C writes a checkpoint and prints
the command that continues the run; a resumed run ends bit-identical to an uninterrupted one. A run records the
paths and contents of its images and annotations: --resume refuses others, and takes --data and --annotations for
those that were moved. File names as other tools write them (backslashes, %20, leading folders, URLs) are found if
exactly one file fits.

Before a long run, look at its training images with --preview: mirrored, scaled and cropped, with boxes and masks.

${jsonFields('"ap", "ap50", … and "images", their number')}
With --preview it prints {"preview"}: the path of the picture.

Examples:
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
      const result = await trainIn(config, weights, flags)
      if (flags.json) console.log(JSON.stringify(result))
      else if (result.finished)
        console.log(`Trained ${plural(result.steps, 'step')}; the detector is ${result.model}`)
    })
}

/** Draws training images, and trains nothing. */
async function preview(path: string, flags: FinetuneFlags): Promise<void> {
  const config = await configOf(flags)
  const [{ loadDetectionData }, { drawTrainingSheet }] = await Promise.all([
    import('../../train/detection/data.js'),
    import('../../train/detection/preview.js'),
  ])
  const { train, warnings } = await loadDetectionData(config.data)
  sayAll(warnings)
  await writeFileAtomically(path, await drawTrainingSheet(config, train, { warn: say }))
  console.log(flags.json ? JSON.stringify({ preview: path }) : `Drawn: ${path}; nothing was trained`)
}

/** Trains a new or resumed run with progress on stderr, and exports the detector at its end. */
async function trainIn(
  config: DetectorRunConfig,
  start: FirstWeights,
  { resume, out, threads, data: images, annotations, valImages, valAnnotations }: FinetuneFlags,
) {
  // Loaded here, so that --help and wrong flags do not wait for TensorFlow.js.
  const [{ loadDetectionData, noteCategories }, checks, { trainDetector }, steps, exports] =
    await Promise.all([
      import('../../train/detection/data.js'),
      import('../../train/detection/learnable.js'),
      import('../../train/detection/train.js'),
      import('../../train/detection/step.js'),
      import('../../train/detection/export.js'),
    ])
  if (config.data.kind === 'embedded') say('Composing the embedded scenes …')
  if (config.weights === null && config.init === undefined && config.detector.batchNorm === 'frozen')
    say('Random weights train badly with frozen batch norm: add --batch-norm trained')
  const data = await loadDetectionData(config.data)
  sayAll(data.warnings)
  if (resume === undefined) sayAll(checks.checkTrainingData(config, data))
  else checks.assertLearnable(config, data.train)
  if (data.validation === null)
    say('Nothing is evaluated during training: name images for it with --val-images and --val-annotations')
  const noted = (from: DetectorRunConfig) => noteCategories(from, data.train, data.validation)
  const placed = [images, annotations, valImages, valAnnotations].some((flag) => flag !== undefined)
  if (resume !== undefined && (images ?? annotations) !== undefined && isUnchecked(config.data))
    say(UNCHECKED_DATA)
  const run =
    resume === undefined
      ? await createRun(out ?? newFolder(config), noted(config))
      : await resumeRun(resume, placed ? noted(config) : config)
  // A run that was stopped before its first checkpoint begins again.
  const weights = resume !== undefined && run.checkpoint === null ? await firstWeights(config) : start
  return runSession(run, {
    command: 'finetune-coco',
    data: describeSet(data.train),
    formatter: detectorFormatter,
    train: (options, progress) =>
      trainDetector(
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
      ),
  })
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
    data.kind === 'embedded' ? data.kind : basename(data.train.annotations).replace(/\.json.*$/, '')
  return freeRunFolder(images, { ...backbone, name: `faster-rcnn-${backbone.name}` })
}
