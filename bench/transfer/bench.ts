/**
 * What transfer is worth: a backbone is trained on some classes of the embedded data set; classifiers of the others, with few
 * images each, begin with it or with random weights, and are trained for as many steps. Test images are by an artist whose
 * drawings no training shows. Each training is a run of the toolkit in a folder that stays, so that an interrupted
 * comparison goes on where it was.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { embeddedClasses, loadEmbedded } from '../../datasets/index.js'
import { count, machine } from '../measure.js'
import { median, table } from '../statistics.js'
import { runToolkit, trainIn } from '../toolkit.js'
import { writeClasses } from './class-images.js'

interface Options {
  heldOut: string[]
  images: number
  backboneImages: number
  testImages: number
  size: number
  cells: number
  filters: number
  backboneSteps: number
  steps: number
  seeds: number
  out: string
  json: boolean
}

const help = `
A seed draws the images of the held-out classes and all randomness of their training; the backbone is trained once. What
stands behind -- is given to "toolkit train-backbone" for the held-out classes, however they begin. On two cores it takes more than
an hour; --backbone-steps 1500 --steps 150 takes half an hour.

Example:
  $ npm run bench transfer -- --out runs/transfer
  $ npm run bench transfer -- --out runs/decay --seeds 5 -- --learning-rate 0.02 --randaugment 2,9`

const program = new Command('npm run bench transfer --')
  .description(
    'Accuracy on classes with few images, begun with a backbone of other classes and with random weights.',
  )
  .requiredOption('--out <folder>', 'where data and runs are kept')
  .option('--held-out <classes>', 'classes that the backbone never sees', classes, [
    'bird',
    'fruit',
    'vehicle',
  ])
  .option('--images <n>', 'images of each held-out class to train on', count, 20)
  .option('--backbone-images <n>', 'images of each other class', count, 1000)
  .option('--test-images <n>', 'test images of each held-out class', count, 150)
  .option('--size <pixels>', 'side of the images', count, 64)
  .option('--cells <n>', 'normal cells in each stage (N)', count, 2)
  .option('--filters <n>', 'filters of the first stage (F)', count, 32)
  .option('--backbone-steps <n>', 'steps of the backbone, of 32 images', count, 4000)
  .option('--steps <n>', 'steps of each classifier, of 16 images', count, 600)
  .option('--seeds <n>', 'repetitions', count, 3)
  .option('--json', 'print figures as JSON', false)
  .argument('[flags...]', 'flags of "toolkit train-backbone"')
  .addHelpText('after', help)
  .parse()
const options = program.opts<Options>()

function classes(text: string): string[] {
  const names = text.split(',')
  const unknown = names.find((name) => !embeddedClasses.includes(name))
  if (unknown !== undefined)
    program.error(`error: "${unknown}" is no class; they are ${embeddedClasses.join(', ')}.`)
  return names
}

/** The folder of images that `make` writes, if it is not there yet. */
async function folderOf(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(options.out, name)
  if (!existsSync(folder)) await make(folder)
  return folder
}

const { heldOut, images, size, seeds } = options
mkdirSync(options.out, { recursive: true })
const others = embeddedClasses.filter((name) => !heldOut.includes(name))
/** So many images of every class. */
const drawn = (seed: number, train: number, test: number) =>
  loadEmbedded({
    ...{ seed, size, trainCount: train * embeddedClasses.length, testCount: test * embeddedClasses.length },
  })

const ofBackbone = await folderOf('others', async (folder) => {
  const { train: set } = await drawn(0, options.backboneImages, 0)
  await writeClasses(folder, others, [{ name: 'train', set, perClass: options.backboneImages }])
})
const network = ['--cells', `${options.cells}`, '--filters', `${options.filters}`]
const backbone = join(options.out, 'backbone')
trainIn(backbone, 'train-backbone', [
  ...['--preset', 'embedded-backbone', '--data', ofBackbone, '--val-fraction', '0', ...network],
  ...['--image-size', `${size}`, '--steps', `${options.backboneSteps}`],
])

const begins: [name: string, flags: string[]][] = [
  ['backbone', ['--init', backbone]],
  ['backbone, head alone', ['--init', backbone, '--freeze', 'all']],
  ['random', network],
]
const results: { begin: string; seed: number; top1: number; seconds: number }[] = []
for (let seed = 1; seed <= seeds; seed++) {
  const data = await folderOf(`held-out-${seed}`, async (folder) => {
    const few = await drawn(seed, images, 0)
    const { test } = await drawn(0, 0, options.testImages)
    await writeClasses(folder, heldOut, [
      { name: 'train', set: few.train, perClass: images },
      { name: 'test', set: test, perClass: options.testImages },
    ])
  })
  for (const [begin, flags] of begins) {
    const folder = join(options.out, `${begin.replace(/\W+/g, '-')}-${seed}`)
    const seconds = trainIn(folder, 'train-backbone', [
      ...['--preset', 'folder', '--data', data, '--val-fraction', '0', '--image-size', `${size}`],
      ...['--steps', `${options.steps}`, '--seed', `${seed}`, ...flags, ...program.args],
    ])
    const { top1 } = runToolkit(['evaluate', folder, '--split', 'test'])
    console.error(`${begin}, seed ${seed}: ${(100 * top1).toFixed(1)} %`)
    results.push({ begin, seed, top1, seconds })
  }
}
if (options.json) console.log(JSON.stringify({ machine, options, flags: program.args, results }))
else {
  const rows = begins.map(([begin]) => {
    const own = results.filter((result) => result.begin === begin)
    const shown = (top1: number): string => (100 * top1).toFixed(1)
    return [
      begin,
      shown(median(own.map(({ top1 }) => top1))),
      own.map(({ top1 }) => shown(top1)).join(' '),
      median(own.map(({ seconds }) => seconds)).toFixed(0),
    ]
  })
  const head = ['begun with', 'accuracy, %, median', 'each seed', 'seconds']
  console.log(
    `${machine}; ${images} images each of ${heldOut.join(', ')}; chance level ${(100 / heldOut.length).toFixed(1)} %\n${table([head, ...rows])}`,
  )
}
