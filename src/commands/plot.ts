import { Command, Option } from 'commander'
import { UserError } from '../shared/errors.js'
import { type CurveAxis, type CurveKind, drawCurves } from '../train/run/curve.js'
import { type Metrics, readRows } from '../train/run/metrics.js'
import { metricsPath } from '../train/run/run-folder.js'
import { type AnyRunConfig, forTask, readAnyConfig, tasks } from '../train/tasks.js'
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
  const configs = await Promise.all(folders.map(readAnyConfig))
  const [{ task }] = configs
  const other = configs.findIndex((config) => config.task !== task)
  if (other > 0)
    throw new UserError(
      `${folders[0]} is a run of ${task} and ${folders[other]} one of ${configs[other].task}: draw them in pictures of their own`,
    )
  const drawKind = async <M extends Metrics>(kind: CurveKind<M>): Promise<string> => {
    const runs = folders.map(async (name) => ({ name, rows: await readRows<M>(metricsPath(name)) }))
    return drawCurves(await Promise.all(runs), axis, kind)
  }
  return forTask<AnyRunConfig, Promise<string>>(configs[0], {
    classification: () => drawKind(tasks.classification.curves),
    detection: () => drawKind(tasks.detection.curves),
  })
}
