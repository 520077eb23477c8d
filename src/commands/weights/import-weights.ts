import { Command, Option } from '@commander-js/extra-typings'
import { STRIDED_POOLS } from '../../../models/nasnet-config.js'
import { PRESETS, type PresetName } from '../../../models/presets.js'
import { PREPROCESSINGS } from '../../shared/classifier-input.js'
import { plural } from '../../shared/text.js'
import { type FlagsOf, wholeNumber } from '../shared/flags.js'
import * as network from '../shared/network-options.js'
import { freeFolder } from '../shared/new-folder.js'
import { json } from '../shared/options.js'
import { say } from '../shared/say.js'

const help = `
Reads weights that other programs have written, of the published networks and of others in their shape:
  TF-Slim     model.ckpt (its .index and .data files, or the older single file), or a folder that holds one
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

--json prints {"run", "model", "from", "classes", "tensors", "ignored"}: the folder, the path of the exported model, the
program whose names the file has, and how many tensors were taken and ignored.

Examples:
  $ toolkit import-weights model.ckpt --arch nasnet-a-mobile --out runs/mobile
  $ toolkit import-weights NASNet-large.h5 --arch nasnet-a-large --pools keras
  $ toolkit import-weights nasnetalarge.safetensors --arch nasnet-a-large
  $ toolkit import-weights cifar.ckpt --arch nasnet-a-cifar --cells 2 --filters 32

Next: toolkit serve RUN/model.onnx, toolkit finetune-coco --backbone RUN, toolkit train-backbone --init RUN`

/** The command with its flags. */
const importFlags = () =>
  new Command('import-weights')
    .argument('<file...>', 'a file of weights, or the files of one checkpoint')
    .addOption(
      new Option('--arch <name>', 'the network')
        .choices(Object.keys(PRESETS) as PresetName[])
        .makeOptionMandatory(),
    )
    .option('--out <folder>', 'folder of the run (default: runs/ and the name of the network)')
    .option('--labels <file>', "names of the classes, one on each line (default: ImageNet's)")
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
    .option('--image-size <pixels>', 'height and width of the images (default: as published)', wholeNumber(1))
    .addOption(
      new Option(
        '--preprocessing <kind>',
        'how images are brought to that size (default: as the program of the weights does)',
      ).choices(PREPROCESSINGS),
    )
    .addOption(json)

/** `toolkit import-weights FILE…` */
export const importWeightsCommand = () => importFlags().addHelpText('after', help).action(importInto)

async function importInto(files: string[], flags: FlagsOf<typeof importFlags>): Promise<void> {
  // Loaded here, so that --help and wrong flags do not wait for TensorFlow.js.
  const { importWeights } = await import('../../weights/convert/import-weights.js')
  const {
    arch,
    out,
    labels,
    raw,
    pools,
    imageSize,
    preprocessing,
    cells,
    filters,
    stemFilters,
    skipReduction,
  } = flags
  const result = await importWeights(files, out ?? freeFolder(`runs/${arch}`), {
    ...{ arch, labels, raw, imageSize, preprocessing },
    changes: { cells, filters, stemFilters, skipReduction, stridedPools: pools },
  })
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
