import { Command } from 'commander'
import { exportAnyRun } from '../train/tasks.js'

const help = `
The file holds everything. A classifier's: pixels in (uint8, batch × height × width × 3, RGB), probabilities out. A
detector's: the pixels of one image in; boxes, scores and classes out, after suppression. Labels, input size and
provenance are in its metadata. Training writes it at its end; export an unfinished run, or elsewhere, with this.

Examples:
  $ toolkit export runs/mine
  $ toolkit export runs/mine --out flowers.onnx`

/** `toolkit export RUN` */
export function exportCommand(): Command {
  return new Command('export')
    .description('write a run as one ONNX file')
    .argument('<run>', "a run's folder, a classifier's or a detector's")
    .option('--out <file>', 'where to (default: model.onnx or detector.onnx in the run)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', help)
    .action(async (run: string, { out, json }: { out?: string; json?: boolean }) => {
      const { path, card } = await exportAnyRun(run, out)
      if (json) console.log(JSON.stringify({ model: path, ...card }))
      else console.log(`Wrote ${path}: ${card.name}, ${card.labels.length} classes`)
    })
}
