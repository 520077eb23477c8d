import { Command, Option } from '@commander-js/extra-typings'
import { UserError } from '../shared/errors.js'
import { plural } from '../shared/text.js'
import { exportAnyRun, readAnyConfig } from '../train/tasks.js'
import type { FlagsOf } from './shared/flags.js'
import { json } from './shared/options.js'
import { say } from './shared/say.js'

const help = `
The file contains everything that is needed to run the model. Classifiers take pixels (uint8, RGB,
batch × height × width × 3) and return probabilities. Detectors take the pixels of one image and return boxes, scores
and classes after non-maximum suppression. Labels, input size and provenance are in the metadata. Training exports the model at its end;
use this command for an unfinished run, or for another path.

--to writes a classifier's weights (its averages, if it keeps any) for other programs, which import-weights reads again,
bit for bit: keras (.weights.h5 of Keras's NASNet), pytorch (.safetensors with timm's names), tf-slim (a checkpoint,
model.ckpt.index and its data), safetensors (the toolkit's own names). Other programs have NASNet-A alone.

--to triton FOLDER adds the model to a model repository for NVIDIA's Triton Inference Server, which is made where it is missing:
FOLDER/NAME/config.pbtxt, labels.txt and 1/model.onnx, the same file that toolkit serve takes. Triton gets pixels of the model's
size: decoding and resizing are left to its clients. Classifiers are computed in batches of up to 16 images.

--json prints {"model", "name", "task", "labels", "inputSize", …}: the path, and the metadata; with --to {"weights", "tensors"}: the path, and how many there are,
or, for triton, {"folder", "model"}: the model's folder, and its name.

Examples:
  $ toolkit export runs/mine
  $ toolkit export runs/mine --out flowers.onnx
  $ toolkit export runs/mine --to keras
  $ toolkit export runs/mine --to triton repository --name flowers`

const WEIGHTS = ['keras', 'pytorch', 'tf-slim', 'safetensors'] as const

const exportFlags = () =>
  new Command('export')
    .argument('<run>', 'folder of a run of a classifier or a detector')
    .argument('[folder]', 'with --to triton: the model repository')
    .option('--out <file>', 'file to write (default: model.onnx or detector.onnx in the run)')
    .addOption(
      new Option(
        '--to <program>',
        'write the weights for another program instead, or as safetensors; or a model for Triton',
      ).choices([...WEIGHTS, 'triton'] as const),
    )
    .option('--name <name>', 'with --to triton: the name of the model there (default: its own name)')
    .addOption(json)

type Flags = FlagsOf<typeof exportFlags>

/** `toolkit export RUN` */
export const exportCommand = () =>
  exportFlags()
    .addHelpText('after', help)
    .action(async (run, folder, { to, ...flags }) => {
      if (to !== 'triton') {
        if (folder !== undefined)
          throw new UserError(
            `${folder} is one argument too many; name the file with --out, or use --to triton`,
          )
        if (flags.name !== undefined) throw new UserError('--name is for --to triton only; leave it out')
      }
      await readAnyConfig(run)
      if (to === 'triton') await writeTriton(run, folder, flags)
      else if (to !== undefined) await writeWeights(run, to, flags)
      else await writeModel(run, flags)
    })

async function writeModel(run: string, { out, json }: Flags): Promise<void> {
  say(`Compiling the model of ${run}`)
  const { path, card } = await exportAnyRun(run, out)
  if (json) console.log(JSON.stringify({ model: path, ...card }))
  else
    console.log(
      `Wrote ${path}: ${card.name}, ${plural(card.labels.length, 'class', 'classes')}\nNext: toolkit serve ${path}`,
    )
}

async function writeWeights(run: string, to: (typeof WEIGHTS)[number], { out, json }: Flags): Promise<void> {
  const { exportWeights } = await import('../weights/convert/export-weights.js')
  say(`Writing the weights of ${run}`)
  const { path, tensors } = await exportWeights(run, to, out)
  if (json) console.log(JSON.stringify({ weights: path, tensors }))
  else console.log(`Wrote ${path}: ${plural(tensors, 'tensor')}`)
}

async function writeTriton(run: string, repository: string | undefined, { out, name, json }: Flags) {
  if (out !== undefined)
    throw new UserError('--to triton writes a folder; name it after --to triton, not with --out')
  if (repository === undefined)
    throw new UserError(`Name the model repository too: toolkit export ${run} --to triton FOLDER`)
  const { exportToTriton } = await import('../weights/triton/export-triton.js')
  say(`Compiling the model of ${run}`)
  const model = await exportToTriton(run, repository, name)
  if (json) console.log(JSON.stringify({ folder: model.folder, model: model.name }))
  else
    console.log(
      `Wrote ${model.folder}: ${plural(model.card.labels.length, 'class', 'classes')}, ` +
        `${model.batches ? 'in batches' : 'one image at a time'}\nNext: tritonserver --model-repository=${repository}`,
    )
}
