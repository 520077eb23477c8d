import { Command } from 'commander'
import { exportRun } from '../train/export-run.js'

const help = `
The file holds everything: pixels in (uint8, batch × height × width × 3, RGB), probabilities out, labels and
provenance in its metadata. Training writes it at its end; export an unfinished run, or elsewhere, with this.

Examples:
  $ toolkit export runs/mine
  $ toolkit export runs/mine --out flowers.onnx`

/** `toolkit export RUN` */
export function exportCommand(): Command {
  return new Command('export')
    .description('write a run as one ONNX file')
    .argument('<run>', "a run's folder")
    .option('--out <file>', 'where to (default: model.onnx in the run)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', help)
    .action(async (run: string, { out, json }: { out?: string; json?: boolean }) => {
      const { path, card } = await exportRun(run, out)
      if (json) console.log(JSON.stringify({ model: path, ...card }))
      else console.log(`Wrote ${path}: ${card.name}, ${card.labels.length} classes`)
    })
}
