import { Command, Option } from '@commander-js/extra-typings'
import { plural } from '../shared/text.js'
import { exportAnyRun, readAnyConfig } from '../train/tasks.js'
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

--json prints {"model", "name", "task", "labels", "inputSize", …}: the path, and the metadata; with --to {"weights", "tensors"}: the path, and how many there are.

Examples:
  $ toolkit export runs/mine
  $ toolkit export runs/mine --out flowers.onnx
  $ toolkit export runs/mine --to keras`

/** `toolkit export RUN` */
export function exportCommand() {
  return new Command('export')
    .argument('<run>', 'folder of a run of a classifier or a detector')
    .option('--out <file>', 'file to write (default: model.onnx or detector.onnx in the run)')
    .addOption(
      new Option(
        '--to <program>',
        'write the weights for another program instead, or as safetensors',
      ).choices(['keras', 'pytorch', 'tf-slim', 'safetensors'] as const),
    )
    .addOption(json)
    .addHelpText('after', help)
    .action(async (run, { out, json, to }) => {
      await readAnyConfig(run)
      if (to !== undefined) {
        const { exportWeights } = await import('../weights/convert/export-weights.js')
        say(`Writing the weights of ${run}`)
        const { path, tensors } = await exportWeights(run, to, out)
        if (json) console.log(JSON.stringify({ weights: path, tensors }))
        else console.log(`Wrote ${path}: ${plural(tensors, 'tensor')}`)
        return
      }
      say(`Compiling the model of ${run}`)
      const { path, card } = await exportAnyRun(run, out)
      if (json) console.log(JSON.stringify({ model: path, ...card }))
      else
        console.log(
          `Wrote ${path}: ${card.name}, ${plural(card.labels.length, 'class', 'classes')}\nNext: toolkit serve ${path}`,
        )
    })
}
