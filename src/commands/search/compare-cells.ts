import { Command } from '@commander-js/extra-typings'
import { type Genotype, PUBLISHED_CELLS, random } from '../../../models/index.js'
import { type ChildData, loadChildData } from '../../search/evaluate/recipe.js'
import { retrainRecipe } from '../../search/evaluate/recipes.js'
import type { ImageRecipe } from '../../search/evaluate/settings.js'
import { compareNetworks, type Trained } from '../../search/retrain/compare.js'
import { matchWidth, type Sized, sized } from '../../search/retrain/match-width.js'
import { withData } from '../../search/settings.js'
import { decode, randomDecisions } from '../../search/space/genotypes.js'
import { paperSpace } from '../../search/space/space.js'
import { liveLine } from '../../shared/live-line.js'
import { formatDuration, grouped, percent } from '../../shared/text.js'
import type { RunConfig } from '../../train/classification/config.js'
import { type FlagsOf, wholeNumber } from '../shared/flags.js'
import { interruptible } from '../shared/interrupt.js'
import { dataDir, json, processes, threads, trainingData } from '../shared/options.js'
import { readGenotype } from '../shared/read-genotype.js'
import { say } from '../shared/say.js'
import { textTable } from '../shared/text-table.js'

const help = `
The first architecture gets --filters filters; all others get the width that brings their multiply-adds closest to its.
Then all are trained alike, for the same epochs on the same images, and evaluated on images that none was trained on.
Random cells are drawn from the search space of the NASNet paper.

Published cells: ${Object.keys(PUBLISHED_CELLS).join(', ')}.

--json prints a list, the best first, of {"name", "filters", "multiplyAdds", "parameters", "accuracies", "mean",
"seconds"}: accuracies from 0 to 1, one for each seed (null: the training diverged), their mean, and the mean seconds of
a training.

Examples:
  $ toolkit compare-cells searches/ppo/genotype.json nasnet-a --random 5
  $ toolkit compare-cells nasnet-a darts-v2 enas-micro --epochs 20 --image-size 32 --cells 2 --filters 24 --seeds 3`

/** The command with its flags. */
const compareCellsFlags = () =>
  new Command('compare-cells')
    .argument('<architectures...>', 'names of published cells, or genotype.json files')
    .option('--random <n>', 'random cells to compare with', wholeNumber(0), 0)
    .addOption(trainingData)
    .addOption(dataDir)
    .option('--cells <n>', 'normal cells in each of the three stages (N)', wholeNumber(1), 1)
    .option('--filters <n>', 'filters of the first stage (F) of the first architecture', wholeNumber(1), 16)
    .option('--image-size <pixels>', 'side that images are scaled down to (default: 16)', wholeNumber(8))
    .option('--train-images <n>', 'training images in an epoch (default: all)', wholeNumber(1))
    .option('--validation-images <n>', 'images to evaluate on (default: all held out)', wholeNumber(1))
    .option('--epochs <n>', 'epochs of each training', wholeNumber(1), 5)
    .option('--seeds <n>', 'trainings of each network, from different initial weights', wholeNumber(1), 1)
    .option('--seed <n>', 'first of these seeds, and seed of the random cells', wholeNumber(0), 1)
    .addOption(processes)
    .addOption(threads)
    .addOption(json)

type Flags = FlagsOf<typeof compareCellsFlags>

/** `toolkit compare-cells ARCHITECTURE…` */
export const compareCellsCommand = () => compareCellsFlags().addHelpText('after', help).action(compareCells)

async function compareCells(architectures: string[], flags: Flags): Promise<void> {
  const named = await Promise.all(architectures.map(readGenotype))
  const { uniform } = random(flags.seed, 'compare-cells')
  const drawn = Array.from({ length: flags.random }, (_, place) =>
    decode(paperSpace, randomDecisions(paperSpace, uniform), `random-${place + 1}`),
  )
  const data = await loadChildData(recipeOf(flags), {}, say)
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
      () => `${count} of ${trainings}: ${name} ${shown(accuracy)} · ${formatDuration(left)} left`,
      true,
    )
  }
  const done = await interruptible(
    (signal) => compareNetworks({ networks, data, seeds, processes, threads }, { signal, onTrained }),
    () => say('Stopping; nothing is kept …'),
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

const shown = (accuracy: number | null): string => (accuracy === null ? 'diverged' : percent(accuracy))

function print(rows: Row[], { json, seeds }: Flags): void {
  if (json) {
    console.log(JSON.stringify(rows))
    return
  }
  const head = ['', 'accuracy', ...(seeds > 1 ? ['for each seed'] : [])]
  const costs = ['F', 'multiply-adds', 'parameters', 'seconds']
  const lines = rows.map(({ name, filters, multiplyAdds, parameters, accuracies, mean, seconds }) => [
    name,
    shown(mean),
    ...(seeds > 1 ? [accuracies.map(shown).join(', ')] : []),
    `${filters}`,
    grouped(multiplyAdds),
    grouped(parameters),
    seconds.toFixed(0),
  ])
  for (const line of textTable([[...head, ...costs], ...lines], seeds > 1 ? 3 : 2)) console.log(line)
}
