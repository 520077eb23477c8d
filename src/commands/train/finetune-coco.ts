import { basename } from 'node:path'
import { Command, Option } from 'commander'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { UserError } from '../../shared/errors.js'
import { writeFileAtomically } from '../../shared/files.js'
import type { BackboneWeights } from '../../train/detection/backbone.js'
import type { DetectionDataConfig, DetectorRunConfig } from '../../train/detection/config.js'
import { detectorFormatter } from '../../train/detection/metrics.js'
import { detectorPresets } from '../../train/detection/presets.js'
import { loadBackbone } from '../../train/load-backbone.js'
import { createRun, readDetectorConfig, resumeRun } from '../../train/tasks.js'
import { addFinetuneFlags, applyFinetuneFlags, type FinetuneFlags } from './finetune-flags.js'
import { runSession } from './session.js'
import { freeFolder } from './train-backbone.js'
import { numeric } from './train-flags.js'

interface Flags extends FinetuneFlags {
  backbone?: string
  fromScratch?: boolean
  preset?: string
  out?: string
  resume?: string
  threads?: number
  preview?: string
  json?: boolean
}

const DEFAULT_PRESET = 'faster-rcnn-nas-small'
const EMBEDDED_PRESET = 'faster-rcnn-nas-embedded'

const help = `
The backbone is a classifier's: the folder of its run, or a .safetensors file of weights named by parameter path.
The detector gets its architecture and begins with its weights; with --from-scratch it begins with random ones.
Any data set in COCO's format will do, with any categories. A run is a folder, as train-backbone's is; at its end
it holds detector.onnx. Ctrl-C saves and tells how to go on; a resumed run ends exactly as an unbroken one.
It notes where its images and annotations lie and what they are: --resume refuses others, and takes --data and
--annotations for those that were moved. Names that other tools spell differently (backslashes, %20, folders in front,
addresses) are found where one file alone fits.
Before a long run, look at its images with --preview: mirrored, scaled, cut, with their boxes and masks.

Examples:
  $ toolkit finetune-coco --backbone runs/mine --data photos --annotations photos.json \\
      --val-images more --val-annotations more.json --steps 4000
  $ toolkit finetune-coco --backbone runs/mine --data embedded
  $ toolkit finetune-coco --backbone runs/mine --data embedded --from-scratch --out runs/scratch
  $ toolkit finetune-coco --backbone large.safetensors --preset faster-rcnn-nas-large
  $ toolkit finetune-coco --resume runs/scratch
  $ toolkit finetune-coco --data photos --annotations photos.json --preview sheet.png

Then: toolkit evaluate RUN, toolkit plot RUN RUN --out curve.svg, toolkit serve RUN/detector.onnx`

/** `toolkit finetune-coco` */
export function finetuneCocoCommand(): Command {
  const command = new Command('finetune-coco')
    .description('train a detector on a classifier’s backbone, on COCO or images annotated like it')
    .option('--backbone <run-or-file>', "a classifier's run, or its weights in a .safetensors file")
    .option('--from-scratch', 'begin with random weights, to compare')
    .addOption(
      new Option(
        '--preset <name>',
        `the config to start from (default: ${DEFAULT_PRESET}; with --data embedded: ${EMBEDDED_PRESET})`,
      ).choices(Object.keys(detectorPresets)),
    )
    .option('--out <folder>', 'folder of the new run (default: a new one below runs/)')
    .option('--resume <run>', 'go on with a run; flags may change settings that its state does not depend on')
    .option('--threads <n>', 'threads that compute (default: as many as there are cores)', numeric)
    .option('--preview <png>', 'only draw some training images as the detector will be given them')
    .option('--json', 'print the result as JSON')
  return addFinetuneFlags(command)
    .addHelpText('after', help)
    .action(async (flags: Flags) => {
      if (flags.preview !== undefined) return preview(flags.preview, flags)
      const { config, backbone } =
        flags.resume === undefined ? await begin(flags) : await goOn(flags.resume, flags)
      const result = await trainIn(config, backbone, flags)
      if (flags.json) console.log(JSON.stringify(result))
      else if (result.finished) console.log(`Trained ${result.steps} steps; the detector is ${result.model}`)
    })
}

interface Start {
  config: DetectorRunConfig
  /** What a run without a checkpoint begins with; null: random weights. */
  backbone: BackboneWeights | null
}

/** The config that the flags mean, of a new run. */
function newConfig(flags: Flags): DetectorRunConfig {
  const preset =
    detectorPresets[flags.preset ?? (flags.data === 'embedded' ? EMBEDDED_PRESET : DEFAULT_PRESET)]
  return applyFinetuneFlags(preset, flags)
}

/** Draws training images, and trains nothing. */
async function preview(path: string, flags: Flags): Promise<void> {
  const config = flags.resume === undefined ? newConfig(flags) : (await goOn(flags.resume, flags)).config
  const [{ loadDetectionData }, { drawTrainingSheet }] = await Promise.all([
    import('../../train/detection/data.js'),
    import('../../train/detection/preview.js'),
  ])
  const { train, warnings } = await loadDetectionData(config.data)
  const warn = (text: string): void => console.error(text)
  for (const warning of warnings) warn(warning)
  await writeFileAtomically(path, await drawTrainingSheet(config, train, { warn }))
  console.log(`Drawn: ${path}; nothing was trained`)
}

/** A new run's config and weights. */
async function begin(flags: Flags): Promise<Start> {
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
async function goOn(folder: string, flags: Flags): Promise<Start> {
  if (
    flags.out !== undefined ||
    flags.preset !== undefined ||
    flags.backbone !== undefined ||
    flags.fromScratch
  )
    throw new UserError(
      '--resume goes on with a run as it is: leave out --out, --preset, --backbone and --from-scratch',
    )
  const config = applyFinetuneFlags(await readDetectorConfig(folder), flags)
  return { config, backbone: null }
}

/** Trains a new or resumed run with progress on stderr, and exports the detector at its end. */
async function trainIn(
  config: DetectorRunConfig,
  start: BackboneWeights | null,
  { resume, out, threads, data: images, annotations, valImages, valAnnotations }: Flags,
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
  if (config.data.kind === 'embedded') console.error('Composing the embedded scenes …')
  if (config.weights === null && config.detector.batchNorm === 'frozen')
    console.error('Random weights train badly under frozen batch norm: add --batch-norm trained')
  const data = await loadDetectionData(config.data)
  for (const warning of data.warnings) console.error(warning)
  if (resume === undefined) for (const note of checks.checkTrainingData(config, data)) console.error(note)
  else checks.assertLearnable(config, data.train)
  if (data.validation === null)
    console.error(
      'Nothing is measured while training: name images for it with --val-images and --val-annotations',
    )
  const noted = (from: DetectorRunConfig) => noteCategories(from, data.train, data.validation)
  const placed = [images, annotations, valImages, valAnnotations].some((flag) => flag !== undefined)
  if (resume !== undefined && (images ?? annotations) !== undefined && isUnchecked(config.data))
    console.error('The run does not say what its data was like: whether this is the same was not checked')
  const run =
    resume === undefined
      ? await createRun(out ?? freeFolder(`runs/${runName(config)}`), noted(config))
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
          onBackbone: (count) => progress.note(`Begun with ${count} tensors of ${config.weights}`),
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
      ? `${count} images with objects`
      : `${images.length} images, ${count} of them with objects,`
  return `${shown} of ${categories.length} categories`
}

/** For example `photos-faster-rcnn-nasnet-a-2x32`. */
function runName({ data, backbone }: DetectorRunConfig): string {
  const images =
    data.kind === 'embedded' ? data.kind : basename(data.train.annotations).replace(/\.json.*$/, '')
  return `${images}-faster-rcnn-${backbone.name}-${backbone.cells}x${backbone.filters}`.replace(
    /[^\w.-]+/g,
    '_',
  )
}
