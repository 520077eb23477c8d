import { extname } from 'node:path'
import { Command, Option } from 'commander'
import sharp from 'sharp'
import { UserError } from '../errors.js'
import { writeFileAtomically } from '../files.js'
import { type CurveAxis, drawCurves } from '../train/curve.js'
import { readRows } from '../train/metrics.js'
import { metricsPath, readConfig } from '../train/run-folder.js'

const help = `
Examples:
  $ toolkit plot runs/mine --out curve.svg
  $ toolkit plot runs/small runs/large --out compared.png --x minutes`

/** Pixels for each point of the drawing, so that a PNG is sharp on dense screens. */
const PNG_SCALE = 2

/** `toolkit plot RUN… --out curve.svg|png` */
export function plotCommand(): Command {
  return new Command('plot')
    .description('draw the training curves of runs')
    .argument('<run...>', "runs' folders; several are compared")
    .requiredOption('--out <file>', 'a name that ends in .svg or .png')
    .addOption(
      new Option('--x <axis>', 'what the horizontal axis counts')
        .choices(['epoch', 'minutes'])
        .default('epoch'),
    )
    .addHelpText('after', help)
    .action(async (folders: string[], { out, x }: { out: string; x: CurveAxis }) => {
      const type = extname(out).toLowerCase()
      if (type !== '.svg' && type !== '.png')
        throw new UserError(`${out} ends in neither .svg nor .png; choose one of them`)
      const runs = await Promise.all(
        folders.map(async (name) => {
          // What is no run says so, rather than drawing nothing.
          await readConfig(name)
          return { name, rows: await readRows(metricsPath(name)) }
        }),
      )
      const svg = drawCurves(runs, x)
      const density = 72 * PNG_SCALE
      await writeFileAtomically(
        out,
        type === '.svg' ? svg : await sharp(Buffer.from(svg), { density }).png().toBuffer(),
      )
      console.log(`Wrote ${out}`)
    })
}
