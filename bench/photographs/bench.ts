/**
 * What a backbone is worth on few photographs: detectors begun with several backbones and with random weights, trained on
 * the same images for as many steps, several times with other cuts of the data. Each training is a run of the toolkit in
 * a folder that stays, so that an interrupted comparison goes on where it was.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { keptEvaluation } from '../../src/commands/train/kept-evaluation.js'
import type { DetectorMetrics } from '../../src/train/detection/metrics.js'
import { readAnyConfig } from '../../src/train/tasks.js'
import { count, machine } from '../measure.js'
import { median, table } from '../statistics.js'
import { trainIn } from '../toolkit.js'
import { type Annotations, cut, mostFrequent } from './split.js'

interface Options {
  images: string
  annotations: string
  backbone: Record<string, string>
  training: number
  categories: number
  seeds: number
  out: string
  json: boolean
}

const help = `
Each --backbone is begun with once for each seed, and so are random weights in the architecture of the first. A seed draws the cut
into training and held-out images and all randomness of training. What stands behind -- is given to "toolkit finetune-coco".

Example:
  $ npm run bench photographs -- --images coco128/train2017 --annotations coco128/annotations/instances_train2017.json \\
      --backbone drawings=runs/backbone --backbone cifar=runs/cifar --out runs/photographs -- --steps 600`

const program = new Command('npm run bench photographs --')
  .description('AP of detectors on a few photographs, begun with several backbones.')
  .requiredOption('--images <folder>', 'the photographs')
  .requiredOption('--annotations <file>', 'their annotations in COCO’s format')
  .requiredOption('--backbone <name=run>', 'a backbone and its name; may be repeated', named, {})
  .requiredOption('--out <folder>', 'where runs are kept')
  .option('--training <n>', 'images to train on; the others are held out', count, 100)
  .option('--categories <n>', 'the categories with the most objects', count, 5)
  .option('--seeds <n>', 'repetitions', count, 3)
  .option('--json', 'print figures as JSON', false)
  .argument('[flags...]', 'flags of "toolkit finetune-coco"')
  .addHelpText('after', help)
  .parse()
const options = program.opts<Options>()

function named(text: string, before: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) program.error(`error: "${text}" is not a name and a run; write for example cifar=runs/cifar.`)
  return { ...before, [text.slice(0, at)]: resolve(text.slice(at + 1)) }
}

interface Result {
  begin: string
  seed: number
  ap: number
  ap50: number
  seconds: number
}

/** Writes the annotations of a seed's two sets, and returns the flags that name them. */
function dataOf(all: Annotations, seed: number): string[] {
  const { training, heldOut } = cut(all, options.training, seed)
  const paths = {
    training: join(options.out, `train-${seed}.json`),
    heldOut: join(options.out, `held-${seed}.json`),
  }
  writeFileSync(paths.training, JSON.stringify(training))
  writeFileSync(paths.heldOut, JSON.stringify(heldOut))
  const images = resolve(options.images)
  return [
    ...['--data', images, '--annotations', paths.training],
    ...['--val-images', images, '--val-annotations', paths.heldOut],
  ]
}

/** Trains one detector to its end, or goes on with it. Returns what it finds in the held-out images. */
async function trained(begin: string, seed: number, flags: string[]): Promise<Result> {
  const run = join(options.out, `${begin}-${seed}`)
  const seconds = trainIn(run, 'finetune-coco', [...flags, '--seed', `${seed}`])
  // That of the weights that are exported: the best ones or the last, as the preset says.
  const kept = await keptEvaluation<DetectorMetrics>(run, await readAnyConfig(run))
  if (kept === null) throw new Error(`${run} was not evaluated.`)
  return { begin, seed, ap: kept.ap, ap50: kept.ap50, seconds }
}

mkdirSync(options.out, { recursive: true })
const all = mostFrequent(JSON.parse(readFileSync(options.annotations, 'utf8')), options.categories)
const [[, first]] = Object.entries(options.backbone)
const begins: [string, string[]][] = [
  ...Object.entries(options.backbone).map(([name, run]): [string, string[]] => [name, ['--backbone', run]]),
  ['random', ['--backbone', first, '--from-scratch']],
]
const results: Result[] = []
for (let seed = 1; seed <= options.seeds; seed++) {
  const data = dataOf(all, seed)
  for (const [begin, weights] of begins) {
    const result = await trained(begin, seed, [...data, ...weights, ...program.args])
    console.error(`${begin}, seed ${seed}: AP ${result.ap.toFixed(3)}, AP50 ${result.ap50.toFixed(3)}`)
    results.push(result)
  }
}
if (options.json) console.log(JSON.stringify({ machine, options, results }))
else {
  const head = ['begun with', 'AP50, median', 'each seed', 'AP, median', 'each seed', 'seconds']
  const rows = begins.map(([begin]) => {
    const own = results.filter((result) => result.begin === begin)
    const figures = (key: 'ap' | 'ap50'): string[] => [
      median(own.map((result) => result[key])).toFixed(3),
      own.map((result) => result[key].toFixed(3)).join(' '),
    ]
    return [begin, ...figures('ap50'), ...figures('ap'), median(own.map(({ seconds }) => seconds)).toFixed(0)]
  })
  console.log(`${machine}; ${all.categories.map(({ name }) => name).join(', ')}\n${table([head, ...rows])}`)
}
