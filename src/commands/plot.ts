import { Command, Option } from 'commander'
import { UserError } from '../shared/errors.js'
import { type DetectorFigures, detectorCurves } from '../train/detection/figures.js'
import { type CurveAxis, classifierCurves, drawCurves } from '../train/run/curve.js'
import { type ClassifierFigures, type Figures, readRows } from '../train/run/metrics.js'
import { metricsPath, readAnyConfig } from '../train/run/run-folder.js'
import { requirePictureName, writePicture } from './shared/picture-file.js'

const help = `
Examples:
  $ toolkit plot runs/mine --out curve.svg
  $ toolkit plot runs/small runs/large --out compared.png --x minutes`

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
      requirePictureName(out)
      await writePicture(out, await draw(folders, x))
      console.log(`Wrote ${out}`)
    })
}

/** The runs' curves in one picture; what is no run says so, rather than drawing nothing. */
async function draw(folders: string[], axis: CurveAxis): Promise<string> {
  const tasks = await Promise.all(folders.map(async (folder) => (await readAnyConfig(folder)).task))
  const other = tasks.findIndex((task) => task !== tasks[0])
  if (other > 0)
    throw new UserError(
      `${folders[0]} is a run of ${tasks[0]} and ${folders[other]} one of ${tasks[other]}: draw them in pictures of their own`,
    )
  const rowsOf = <F extends Figures>() =>
    Promise.all(folders.map(async (name) => ({ name, rows: await readRows<F>(metricsPath(name)) })))
  return tasks[0] === 'detection'
    ? drawCurves(await rowsOf<DetectorFigures>(), axis, detectorCurves)
    : drawCurves(await rowsOf<ClassifierFigures>(), axis, classifierCurves)
}
