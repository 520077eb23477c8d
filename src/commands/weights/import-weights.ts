import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command, Option } from '@commander-js/extra-typings'
import { STRIDED_POOLS } from '../../../models/nasnet-config.js'
import { PRESETS, type PresetName } from '../../../models/presets.js'
import { PREPROCESSINGS } from '../../shared/classifier-input.js'
import { UserError } from '../../shared/errors.js'
import { plural } from '../../shared/text.js'
import type { ImportEvents, ImportResult } from '../../weights/convert/imported-run.js'
import { DETECTOR_ARCHS, type DetectorArch } from '../../weights/detector-archs.js'
import { type FlagsOf, size, wholeNumber } from '../shared/flags.js'
import * as network from '../shared/network-options.js'
import { freeFolder } from '../shared/new-folder.js'
import { json } from '../shared/options.js'
import { withQuietLine } from '../shared/quiet-line.js'
import { say } from '../shared/say.js'

const help = `
Reads weights that other programs have written, of the published networks and of others in their shape:
  TF-Slim     model.ckpt (its .index and .data files, or the older single file), or a folder that holds one
  TensorFlow Object Detection API   the same: a detector on NASNet (faster_rcnn_nas)
  Keras       .h5, .weights.h5 and .keras, with or without the top
  timm        .safetensors; a pickle (.pth, .pt, .bin) is refused, because reading one runs programs
  toolkit     .safetensors, such as a checkpoint of a run
Every tensor is matched by its name and its shape. Auxiliary heads and the state of optimizers are ignored; if any
other tensor is left over, or one is missing, nothing is imported. Of 1,001 classes, the background is left out.

The result is a run, as train-backbone makes it: export, evaluate, describe, finetune-coco --backbone and
train-backbone --init take it. It cannot be resumed, because it has no state of an optimizer. Weights without a top make
a run that classifies nothing, and that only finetune-coco and train-backbone --init take.

--pools: the published weights were trained with pools whose padding does not count. Keras and timm let it count, in
pools with a stride, so that their answers differ from those of the weights' own program. The default is as trained.

--preprocessing: published accuracies were measured on pictures that TF-Slim and timm scaled and cut in their own ways.
evaluate and serve do the same. The default is "slim" for weights of TF-Slim and Keras, "timm" for timm's, and "cover",
which keeps the middle of the whole picture, for others.

--arch faster-rcnn-nas-coco (or faster-rcnn-nas-large: the same network) makes the run of a detector, with the settings of
the released one, to the way in which it resizes images: evaluate, detect, serve, describe, export and
finetune-coco --init take it. Of the 90 ids of the released detector, the 80 that COCO uses become its classes. The other
ten stay in its softmax, so that scores are equal to the released ones, and are never detected. Of a detector with
other classes, --labels names those with the ids 1, 2, and so on. --cells, --filters, --stem-filters, --skip-reduction,
--input-size and --proposals are those that it was trained with.

--json prints {"run", "model", "from", "classes", "tensors", "ignored"}: the folder, the path of the exported model, the
program whose names the file has, and how many tensors were taken and ignored.

Examples:
  $ toolkit import-weights model.ckpt --arch nasnet-a-mobile --out runs/mobile
  $ toolkit import-weights NASNet-large.h5 --arch nasnet-a-large --pools keras
  $ toolkit import-weights nasnetalarge.safetensors --arch nasnet-a-large
  $ toolkit import-weights cifar.ckpt --arch nasnet-a-cifar --cells 2 --filters 32
  $ toolkit import-weights .data/weights/faster-rcnn-nas-coco --arch faster-rcnn-nas-coco --out runs/coco

Next: toolkit serve RUN/model.onnx, toolkit finetune-coco --backbone RUN, toolkit train-backbone --init RUN;
of a detector: toolkit serve RUN/detector.onnx, toolkit finetune-coco --init RUN`

/** The command with its flags. */
const importFlags = () =>
  new Command('import-weights')
    .argument('<file...>', 'a file of weights, or the files of one checkpoint')
    .addOption(
      new Option('--arch <name>', 'the network')
        .choices([...(Object.keys(PRESETS) as PresetName[]), ...DETECTOR_ARCHS])
        .makeOptionMandatory(),
    )
    .option('--out <folder>', 'folder of the run (default: runs/ and the name of the network)')
    .option('--labels <file>', "names of the classes, one on each line (default: ImageNet's, or COCO's)")
    .addOption(
      new Option('--pools <kind>', 'what the padding of pools with a stride counts as')
        .choices(STRIDED_POOLS)
        .default('slim' as const),
    )
    .option('--raw', 'take the weights themselves, where the file has their moving averages too')
    .addOption(network.cells)
    .addOption(network.filters)
    .addOption(network.stemFilters)
    .addOption(network.skipReduction)
    .addOption(network.noSkipReduction)
    .option(
      '--image-size <pixels>',
      'classifiers: height and width of the images (default: as published)',
      wholeNumber(1),
    )
    .addOption(
      new Option(
        '--preprocessing <kind>',
        'classifiers: how images are brought to that size (default: as the program of the weights does)',
      ).choices(PREPROCESSINGS),
    )
    .option(
      '--input-size <size>',
      'detectors: pixels of the input, 600 for both sides or 480x640 for height x width (default: as released)',
      size,
    )
    .option('--proposals <n>', 'detectors: proposals of an image (default: as released)', wholeNumber(1))
    .addOption(json)

/** `toolkit import-weights FILE…` */
export const importWeightsCommand = () => importFlags().addHelpText('after', help).action(importInto)

type Flags = FlagsOf<typeof importFlags>

async function importInto(files: string[], flags: Flags): Promise<void> {
  const out = flags.out ?? freeFolder(`runs/${flags.arch}`)
  // Known before minutes of reading, and an imported run is not one to resume.
  if (existsSync(join(out, 'config.json')))
    throw new UserError(`${out} holds a run already; choose another folder with --out`)
  const result = await withQuietLine((show) =>
    imported(files, out, flags, {
      onTensor: (done, total) => show(() => `tensors  ${done} of ${total} read`, done === total),
      onExport: () => show(() => 'Compiling and writing the model', true),
    }),
  )
  for (const [reason, count] of Object.entries(result.ignored))
    say(`Ignored: ${plural(count, 'tensor')} (${reason})`)
  if (flags.json) console.log(JSON.stringify(result))
  else
    console.log(
      result.model === null
        ? `Imported ${plural(result.tensors, 'tensor')} into ${result.run}; there is no classifier's head, so no model was exported`
        : `Imported ${plural(result.tensors, 'tensor')} into ${result.run}; the model is ${result.model}`,
    )
}

/** Imports a classifier or a detector. What is imported here is loaded late, so that wrong flags do not wait for TensorFlow.js. */
async function imported(
  files: string[],
  out: string,
  { arch, labels, raw, pools, imageSize, preprocessing, inputSize, proposals, ...sizes }: Flags,
  events: ImportEvents,
): Promise<ImportResult> {
  const { cells, filters, stemFilters, skipReduction } = sizes
  const changes = { cells, filters, stemFilters, skipReduction, stridedPools: pools }
  if (isDetector(arch)) {
    if (imageSize !== undefined)
      throw new UserError('--image-size is for classifiers; give the size of a detector as --input-size')
    if (preprocessing !== undefined)
      throw new UserError(
        '--preprocessing is for classifiers; a detector resizes images as the released one does',
      )
    const { importDetector } = await import('../../weights/convert/import-detector.js')
    return importDetector(files, out, { labels, raw, changes, inputSize, proposals }, events)
  }
  if ((inputSize ?? proposals) !== undefined)
    throw new UserError(
      `--input-size and --proposals are for detectors (${DETECTOR_ARCHS.join(', ')}); give the size of a classifier's images as --image-size`,
    )
  const { importWeights } = await import('../../weights/convert/import-weights.js')
  return importWeights(files, out, { arch, labels, raw, imageSize, preprocessing, changes }, events)
}

const isDetector = (arch: string): arch is DetectorArch =>
  (DETECTOR_ARCHS as readonly string[]).includes(arch)
