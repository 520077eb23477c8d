/** The flags of `search`. */
import { Command, Option } from '@commander-js/extra-typings'
import { type Budget, TASKS } from '../../search/config.js'
import type { SearchSettings } from '../../search/settings.js'
import { STRATEGIES } from '../../search/strategy/strategies.js'
import { UserError } from '../../shared/errors.js'
import { type FlagsOf, number, WrongValue, wholeNumber } from '../shared/flags.js'
import { dataDir, json, processes, threads, trainingData } from '../shared/options.js'

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** `200` children, or a time: `90s`, `30m`, `2h`, `1d`. */
export function parseBudget(text: string): Budget {
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text.trim())
  const amount = match === null ? 0 : Number(match[1])
  const unit = match?.[2] as keyof typeof UNITS | '' | undefined
  if (match === null || !(amount > 0) || (unit === '' && !Number.isInteger(amount)))
    throw new WrongValue('a number of children like 200, or a time like 30m or 2h, above 0')
  return unit === '' || unit === undefined
    ? { kind: 'children', amount }
    : { kind: 'seconds', amount: amount * UNITS[unit] }
}

/** Flags that say how to continue a search; the others say what is searched. */
export const RESUME_FLAGS: ReadonlySet<string> = new Set([
  ...['resume', 'budget', 'top', 'checkRanks', 'data', 'dataDir', 'processes', 'threads', 'queue', 'json'],
])

/** The command with its flags. */
export const searchFlags = () =>
  new Command('search')
    .option('--out <folder>', 'folder of the new search (default: a new one in searches/)')
    .option(
      '--resume <search>',
      'continue a search; --budget, --top and --check-ranks may change, and --data or --data-dir if its data was moved',
    )
    .addOption(processes)
    .addOption(threads)
    .addOption(
      new Option(
        '--queue <address>',
        'redis://host:port: workers there (toolkit search-worker) train the children, not processes here',
      ).env('TOOLKIT_QUEUE'),
    )
    .addOption(json)

    .addOption(trainingData)
    .addOption(dataDir)
    .addOption(
      new Option('--task <name>', 'search cells of classifiers, or of autoencoders that reconstruct images')
        .choices(TASKS)
        .default('classify' as const),
    )
    .addOption(
      new Option('--strategy <name>', 'what proposes children').choices(STRATEGIES).default('ppo' as const),
    )
    .addOption(
      new Option(
        '--evaluator <kind>',
        'train: train each child on its own; shared: start from shared weights, in seconds (default: shared; for autoencoders train)',
      ).choices(['train', 'shared']),
    )
    .addOption(
      new Option('--budget <amount>', 'number of children (200), or time (90s, 30m, 2h, 1d)')
        .argParser(parseBudget)
        .default({ kind: 'children', amount: 200 } satisfies Budget, '200'),
    )
    .option('--seed <n>', 'seed of the proposals; equal seeds propose the same', wholeNumber(0), 1)
    .option('--blocks <n>', 'blocks of a cell (default: 5)', wholeNumber(1))
    .option('--top <k>', 'how many of the best children are trained longer at the end', wholeNumber(0), 3)
    .option(
      '--check-ranks <n>',
      'also train n children of all ranks longer: search-report then shows whether the ranking holds (Kendall’s τ)',
      wholeNumber(0),
      0,
    )
    .option(
      '--retrain-epochs <n>',
      'epochs of the longer training (default: 5; for autoencoders 600 steps)',
      wholeNumber(1),
    )
    .option('--retrain-images <n>', 'training images of the longer training (default: all)', wholeNumber(1))
    .addOption(
      new Option(
        '--weights <file>',
        'shared weights of another search, instead of training new ones first',
      ).conflicts('warmUp'),
    )
    .option('--warm-up <rounds>', 'rounds of training of the shared weights', wholeNumber(1))
    .option('--train-images <n>', 'images that a child is trained on', wholeNumber(1))
    .option('--validation-images <n>', 'images that a child is evaluated on', wholeNumber(1))
    .option('--image-size <pixels>', 'side that images are scaled down to, 8 or more', wholeNumber(8))
    .option('--epochs <n>', 'train a child for n epochs', wholeNumber(1))
    .addOption(new Option('--steps <n>', 'or: for n steps').argParser(wholeNumber(1)).conflicts('epochs'))
    .option('--batch-size <n>', 'images in a step', wholeNumber(1))
    .option(
      '--target-multiply-adds <n>',
      'weigh accuracy against multiply-adds: the reward falls for networks above n and rises below',
      number({ above: 0 }),
    )
    .addOption(
      new Option('--target-latency <ms>', 'or against the measured milliseconds for one image')
        .argParser(number({ above: 0 }))
        .conflicts('targetMultiplyAdds'),
    )

export type SearchFlags = FlagsOf<typeof searchFlags>

/** The settings of a search that the flags name. Throws a UserError for flags about shared weights where there are none. */
export function searchSettings(flags: SearchFlags): SearchSettings {
  const { task, evaluator, weights, warmUp } = flags
  const aboutShared = (weights ?? warmUp) !== undefined
  if (task === 'autoencode' && (evaluator === 'shared' || aboutShared))
    throw new UserError(
      'Autoencoders have no shared weights: with --task autoencode, each child is trained on its own; leave out --evaluator shared, --weights and --warm-up',
    )
  if (evaluator === 'train' && aboutShared)
    throw new UserError(
      `--${weights === undefined ? 'warm-up' : 'weights'} is about shared weights, which --evaluator ${evaluator} does without; leave one of the two out`,
    )
  return flags
}
