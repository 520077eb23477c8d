import { availableParallelism } from 'node:os'
import { Command } from 'commander'
import { type Genotype, PUBLISHED_CELLS, random } from '../../../models/index.js'
import { type ChildData, loadChildData } from '../../search/evaluate/recipe.js'
import { retrainRecipe } from '../../search/evaluate/recipes.js'
import type { ImageRecipe } from '../../search/evaluate/settings.js'
import { compareNetworks, type Trained } from '../../search/retrain/compare.js'
import { matchWidth, type Sized, sized } from '../../search/retrain/match-width.js'
import { withData } from '../../search/settings.js'
import { decode, randomDecisions } from '../../search/space/genotypes.js'
import { paperSpace } from '../../search/space/space.js'
import { formatDuration, percent } from '../../shared/text.js'
import type { RunConfig } from '../../train/classification/config.js'
import { interruptible } from '../shared/interrupt.js'
import { liveLine } from '../shared/live-line.js'
import { readGenotype } from '../shared/read-genotype.js'
import { grouped, textTable } from '../shared/text-table.js'
import { wholeFrom } from './search-flags.js'

interface Flags {
  random: number
  data: string
  dataDir?: string
  cells: number
  filters: number
  imageSize?: number
  trainImages?: number
  validationImages?: number
  epochs: number
  seeds: number
  seed: number
  processes: number
  threads: number
  json?: boolean
}

const help = `
The first architecture gets --filters channels; all others get the width that brings their multiply-adds nearest to its.
Then all are trained alike, for the same epochs of the same images, and measured on images that none was trained on.
Random cells are drawn from the paper's space.

Known architectures: ${Object.keys(PUBLISHED_CELLS).join(', ')}.

Examples:
  $ toolkit compare-cells searches/ppo/genotype.json nasnet-a --random 5
  $ toolkit compare-cells nasnet-a darts-v2 enas --epochs 20 --image-size 32 --cells 2 --filters 24 --seeds 3`

/** `toolkit compare-cells ARCHITECTURE…` */
export function compareCellsCommand(): Command {
  return new Command('compare-cells')
    .description('train networks of different cells under one budget, made equally expensive, and rank them')
    .argument('<architectures...>', 'names of published cells, or genotype.json files')
    .option('--random <n>', 'random cells to compare with', wholeFrom(0), 0)
    .option('--data <name>', 'cifar10, embedded, or a folder with train/<class>/*.jpg', 'cifar10')
    .option('--data-dir <folder>', 'where fetched data sets lie')
    .option('--cells <n>', 'normal cells of each stage (N)', wholeFrom(1), 1)
    .option('--filters <n>', 'channels of the first architecture’s first stage (F)', wholeFrom(1), 16)
    .option('--image-size <pixels>', 'side that images are scaled down to (default: 16)', wholeFrom(8))
    .option('--train-images <n>', 'images of an epoch (default: all)', wholeFrom(1))
    .option('--validation-images <n>', 'images to measure on (default: all that are held out)', wholeFrom(1))
    .option('--epochs <n>', 'epochs that each is trained for', wholeFrom(1), 5)
    .option('--seeds <n>', 'how often each is trained, from other random weights', wholeFrom(1), 1)
    .option('--seed <n>', 'the first of those seeds; random cells are drawn from it too', wholeFrom(0), 1)
    .option('--processes <n>', 'trainings at a time', wholeFrom(1), availableParallelism())
    .option('--threads <n>', 'threads that each computes with', wholeFrom(1), 1)
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', help)
    .action(compareCells)
}

async function compareCells(architectures: string[], flags: Flags): Promise<void> {
  const named = await Promise.all(architectures.map(readGenotype))
  const { uniform } = random(flags.seed, 'compare-cells')
  const drawn = Array.from({ length: flags.random }, (_, place) =>
    decode(paperSpace, randomDecisions(paperSpace, uniform), `random-${place + 1}`),
  )
  const data = await loadChildData(recipeOf(flags), {}, (text) => console.error(text))
  const networks = equallyExpensive([...named, ...drawn], data, flags)
  const seeds = Array.from({ length: flags.seeds }, (_, place) => flags.seed + place)
  const trainings = networks.length * seeds.length
  const { processes, threads } = flags
  const line = liveLine(process.stderr)
  const started = performance.now()
  let count = 0
  const onTrained = ({ network, accuracy }: Trained): void => {
    count++
    const left = ((performance.now() - started) / 1000 / count) * (trainings - count)
    const { name } = networks[network].run.model
    line.show(
      () => `${count} of ${trainings}: ${name} ${told(accuracy)} · ${formatDuration(left)} left`,
      true,
    )
  }
  const done = await interruptible(
    (signal) => compareNetworks({ networks, data, seeds, processes, threads }, { signal, onTrained }),
    () => console.error('Stopping; nothing is kept …'),
  ).finally(line.end)
  if (done !== null) print(rowsOf(networks, done), flags)
}

function recipeOf(flags: Flags): ImageRecipe<RunConfig> {
  const usual = retrainRecipe(paperSpace)
  // The same images are held out whatever --seed is.
  const recipe = withData(usual, { ...flags, seed: usual.run.seed })
  return {
    ...recipe,
    imageSize: flags.imageSize ?? recipe.imageSize,
    trainImages: flags.trainImages ?? null,
    validationImages: flags.validationImages ?? null,
    run: {
      ...recipe.run,
      model: { ...recipe.run.model, cells: flags.cells },
      length: { kind: 'epochs', amount: flags.epochs },
    },
  }
}

function equallyExpensive(
  [first, ...others]: Genotype[],
  { run, train }: ChildData,
  { filters }: Flags,
): Sized[] {
  const shapes = { imageSize: train.height, classes: train.classes.length }
  const measure = sized(run, first, filters, shapes)
  const { multiplyAdds } = measure.description
  return [measure, ...others.map((genotype) => matchWidth(run, genotype, multiplyAdds, shapes))]
}

interface Row {
  name: string
  filters: number
  multiplyAdds: number
  parameters: number
  /** By seed; null: the loss stopped being finite. */
  accuracies: (number | null)[]
  /** Of those that are there; null: none is. */
  mean: number | null
  seconds: number
}

/** The best first. */
function rowsOf(networks: readonly Sized[], done: readonly Trained[]): Row[] {
  return networks
    .map(({ run, description }, network): Row => {
      const own = done.filter((training) => training.network === network).sort((a, b) => a.seed - b.seed)
      const reached = own.flatMap(({ accuracy }) => (accuracy === null ? [] : [accuracy]))
      return {
        name: run.model.name,
        filters: run.model.filters,
        multiplyAdds: description.multiplyAdds,
        parameters: description.parameters.trainable,
        accuracies: own.map(({ accuracy }) => accuracy),
        mean: reached.length === 0 ? null : meanOf(reached),
        seconds: meanOf(own.map(({ seconds }) => seconds)),
      }
    })
    .sort((a, b) => (b.mean ?? 0) - (a.mean ?? 0))
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

const told = (accuracy: number | null): string => (accuracy === null ? 'diverged' : percent(accuracy))

function print(rows: Row[], { json, seeds }: Flags): void {
  if (json) {
    console.log(JSON.stringify(rows))
    return
  }
  const head = ['', 'accuracy', ...(seeds > 1 ? ['of each seed'] : [])]
  const figures = ['F', 'multiply-adds', 'parameters', 'seconds']
  const lines = rows.map(({ name, filters, multiplyAdds, parameters, accuracies, mean, seconds }) => [
    name,
    told(mean),
    ...(seeds > 1 ? [accuracies.map(told).join(', ')] : []),
    `${filters}`,
    grouped(multiplyAdds),
    grouped(parameters),
    seconds.toFixed(0),
  ])
  for (const line of textTable([[...head, ...figures], ...lines], seeds > 1 ? 3 : 2)) console.log(line)
}
