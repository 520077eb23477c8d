import { basename } from 'node:path'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { UserError } from '../../shared/errors.js'
import { writeFileAtomically } from '../../shared/files.js'
import { plural } from '../../shared/text.js'
import type { BackboneWeights } from '../../train/detection/backbone.js'
import type { DetectionDataConfig, DetectorRunConfig } from '../../train/detection/config.js'
import { detectorFormatter } from '../../train/detection/metrics.js'
import { detectorPresets } from '../../train/detection/presets.js'
import { loadBackbone } from '../../train/load-backbone.js'
import { createRun, readDetectorConfig, resumeRun } from '../../train/tasks.js'
import { freeRunFolder } from '../shared/new-folder.js'
import { say, sayAll } from '../shared/say.js'
import {
  applyFinetuneFlags,
  DEFAULT_PRESET,
  EMBEDDED_PRESET,
  type FinetuneFlags,
  finetuneCocoFlags,
} from './detector-flags.js'
import { runSession } from './session.js'
import { jsonFields, UNCHECKED_DATA } from './training-options.js'

const help = `
The backbone is a classifier: the folder of its run, or a .safetensors file of weights named by parameter path. The
detector takes over its architecture and begins with its weights; with --from-scratch it begins with random ones.
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
  $ toolkit finetune-coco --resume runs/scratch
  $ toolkit finetune-coco --data photos --annotations photos.json --preview sheet.png

Next: toolkit evaluate RUN, toolkit plot RUN RUN --out curve.svg, toolkit serve RUN/detector.onnx`

/** `toolkit finetune-coco` */
export function finetuneCocoCommand() {
  return finetuneCocoFlags()
    .addHelpText('after', help)
    .action(async (flags) => {
      if (flags.preview !== undefined) return preview(flags.preview, flags)
      const { config, backbone } =
        flags.resume === undefined ? await begin(flags) : await goOn(flags.resume, flags)
      const result = await trainIn(config, backbone, flags)
      if (flags.json) console.log(JSON.stringify(result))
      else if (result.finished)
        console.log(`Trained ${plural(result.steps, 'step')}; the detector is ${result.model}`)
    })
}

interface Start {
  config: DetectorRunConfig
  /** What a run without a checkpoint begins with; null: random weights. */
  backbone: BackboneWeights | null
}

/** The config that the flags mean, of a new run. */
function newConfig(flags: FinetuneFlags): DetectorRunConfig {
  const preset =
    detectorPresets[flags.preset ?? (flags.data === 'embedded' ? EMBEDDED_PRESET : DEFAULT_PRESET)]
  return applyFinetuneFlags(preset, flags)
}

/** Draws training images, and trains nothing. */
async function preview(path: string, flags: FinetuneFlags): Promise<void> {
  const config = flags.resume === undefined ? newConfig(flags) : (await goOn(flags.resume, flags)).config
  const [{ loadDetectionData }, { drawTrainingSheet }] = await Promise.all([
    import('../../train/detection/data.js'),
    import('../../train/detection/preview.js'),
  ])
  const { train, warnings } = await loadDetectionData(config.data)
  sayAll(warnings)
  await writeFileAtomically(path, await drawTrainingSheet(config, train, { warn: say }))
  console.log(flags.json ? JSON.stringify({ preview: path }) : `Drawn: ${path}; nothing was trained`)
}

/** A new run's config and weights. */
async function begin(flags: FinetuneFlags): Promise<Start> {
  const config = newConfig(flags)
  if (flags.backbone === undefined) {
    if (flags.fromScratch) return { config, backbone: null }
    throw new UserError(
      "Name the backbone with --backbone: a classifier's run, or its weights in a .safetensors file. Or begin with random weights: --from-scratch",
    )
  }
  const { model, weights } = await loadBackbone(flags.backbone, config.backbone)
  return flags.fromScratch
    ? { config: { ...config, backbone: model }, backbone: null }
    : { config: { ...config, backbone: model, weights: flags.backbone }, backbone: weights }
}

/** A run's config with the flags' changes. */
async function goOn(folder: string, flags: FinetuneFlags): Promise<Start> {
  if (
    flags.out !== undefined ||
    flags.preset !== undefined ||
    flags.backbone !== undefined ||
    flags.fromScratch
  )
    throw new UserError(
      '--resume continues a run with its own settings: leave out --out, --preset, --backbone and --from-scratch',
    )
  const config = applyFinetuneFlags(await readDetectorConfig(folder), flags)
  return { config, backbone: null }
}

/** Trains a new or resumed run with progress on stderr, and exports the detector at its end. */
async function trainIn(
  config: DetectorRunConfig,
  start: BackboneWeights | null,
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
  if (config.weights === null && config.detector.batchNorm === 'frozen')
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
  const again = resume !== undefined && run.checkpoint === null && config.weights !== null
  const backbone = again ? (await loadBackbone(config.weights!, config.backbone)).weights : start
  return runSession(run, {
    command: 'finetune-coco',
    data: describeSet(data.train),
    formatter: detectorFormatter,
    train: (options, progress) =>
      trainDetector(
        run,
        data,
        backbone,
        {
          buildDetectorStep: (config, shapes) => steps.buildDetectorStep(config, shapes, { threads }),
          buildDetector: exports.buildDetector,
        },
        {
          ...options,
          warn: progress.note,
          onBackbone: (count) =>
            progress.note(`Initialized ${plural(count, 'tensor')} from ${config.weights}`),
        },
      ),
  })
}

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
