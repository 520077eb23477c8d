import { Command, Option } from '@commander-js/extra-typings'
import { UserError } from '../shared/errors.js'
import type { CurveAxis, CurveKind } from '../train/run/curve.js'
import { type Metrics, readRows } from '../train/run/metrics.js'
import { metricsPath } from '../train/run/run-folder.js'
import { type AnyRunConfig, forTask, readAnyConfig, tasks } from '../train/tasks.js'
import { json } from './shared/options.js'
import { requirePictureName, writePicture } from './shared/picture-file.js'

const help = `
Draws the loss and accuracy of classifiers, or the losses and average precision of detectors, from metrics.jsonl.

--json prints {"picture", "runs", "x"}: the path of the file, the folders and the horizontal axis.

Examples:
  $ toolkit plot runs/mine --out curve.svg
  $ toolkit plot runs/small runs/large --out compared.png --x minutes`

/** `toolkit plot RUN… --out curve.svg|png` */
export function plotCommand() {
  return new Command('plot')
    .argument('<run...>', 'folders of runs; several are compared')
    .requiredOption('--out <file>', 'a .svg or .png file')
    .addOption(
      new Option('--x <axis>', 'unit of the horizontal axis')
        .choices(['epoch', 'minutes'])
        .default('epoch' as const),
    )
    .addOption(json)
    .addHelpText('after', help)
    .action(async (runs, { out, x, json }) => {
      requirePictureName(out)
      await writePicture(out, await draw(runs, x))
      console.log(json ? JSON.stringify({ picture: out, runs, x }) : `Wrote ${out}`)
    })
}

/** The runs' curves in one picture. Throws a UserError for a folder that is no run. */
async function draw(folders: string[], axis: CurveAxis): Promise<string> {
  const configs = await Promise.all(folders.map(readAnyConfig))
  const [{ task }] = configs
  const other = configs.findIndex((config) => config.task !== task)
  if (other > 0)
    throw new UserError(
      `${folders[0]} is a run of ${task} and ${folders[other]} one of ${configs[other].task}: plot them in separate pictures`,
    )
  // Loaded here: it brings d3.
  const { drawCurves } = await import('../train/run/curve.js')
  const drawKind = async <M extends Metrics>(kind: CurveKind<M>): Promise<string> => {
    const runs = folders.map(async (name) => ({ name, rows: await readRows<M>(metricsPath(name)) }))
    return drawCurves(await Promise.all(runs), axis, kind)
  }
  return forTask<AnyRunConfig, Promise<string>>(configs[0], {
    classification: () => drawKind(tasks.classification.curves),
    detection: () => drawKind(tasks.detection.curves),
  })
}
