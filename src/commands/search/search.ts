import { availableParallelism } from 'node:os'
import { Command, Option } from 'commander'
import { createSearch, resumeSearch } from '../../search/create-study.js'
import type { Study } from '../../search/study.js'
import { UserError } from '../../shared/errors.js'
import { interruptible } from '../shared/interrupt.js'
import { freeFolder } from '../train/train-backbone.js'
import { printComparison } from './autoencoder-results.js'
import { printBest } from './print-best.js'
import { addSearchFlags, type SearchFlags, wholeFrom } from './search-flags.js'
import { searchSettings } from './search-flags-config.js'
import { showStudy } from './show-study.js'

interface Flags extends SearchFlags {
  out?: string
  resume?: string
  queue?: string
  processes: number
  threads: number
  json?: boolean
}

const help = `
A strategy proposes children: networks of two cells each, drawn from the space of the NASNet paper. Local processes
train and measure them, and the strategy learns from their accuracy. With --evaluator shared, weights that all children
share are trained first (some ten minutes, which --budget does not count), and a child then costs seconds; with train,
each child is trained on its own. With --queue, workers get these weights over Redis.

With --task autoencode, children are autoencoders of three cells (normal, reduction, expansion), and the strategy learns
from how much of the images' variance they reconstruct. At the end the best is compared with a plain convolutional
autoencoder of as many parameters: comparison.json, and reconstructions.png to look at.

A search is a folder: search.json, journal.jsonl (everything that happened), at the end genotype.json (the best) and
best/. It may be killed at any moment: --resume goes on, and only the children in work are tried again.

Examples:
  $ toolkit search --data cifar10 --strategy ppo --evaluator shared --budget 1h --out searches/ppo
  $ toolkit search --strategy random --weights searches/ppo/shared-weights.safetensors --budget 1h
  $ toolkit search --evaluator train --strategy evolution --budget 200 --target-multiply-adds 15e6
  $ toolkit search --evaluator train --budget 20000 --queue redis://:SECRET@10.0.0.1:6379
  $ toolkit search --task autoencode --strategy evolution --budget 60
  $ toolkit search --resume searches/ppo
  $ toolkit search --resume searches/ppo --budget 2h

Then: toolkit search-report SEARCH, toolkit draw SEARCH/genotype.json,
toolkit train-backbone --arch SEARCH/genotype.json`

/** `toolkit search` */
export function searchCommand(): Command {
  const command = new Command('search')
    .description('search cells: propose networks, train and measure them, and learn from the results')
    .option('--out <folder>', 'folder of the new search (default: a new one below searches/)')
    .option(
      '--resume <search>',
      'go on with a search; its --budget may change, and --data or --data-dir if its data was moved',
    )
    .option('--processes <n>', 'children in work at a time', wholeFrom(1), availableParallelism())
    .option('--threads <n>', 'threads that each computes with', wholeFrom(1), 1)
    .addOption(
      new Option(
        '--queue <address>',
        'redis://host:port: children go to workers there (toolkit search-worker), not to processes here',
      ).env('TOOLKIT_QUEUE'),
    )
    .option('--json', 'print the result as JSON')
  return addSearchFlags(command).addHelpText('after', help).action(search)
}

async function search(flags: Flags, command: Command): Promise<void> {
  const study = flags.resume === undefined ? await begin(flags) : await goOn(flags.resume, flags, command)
  const endView = showStudy(study)
  try {
    const { finished, best, comparison } = await interruptible(
      (signal) => study.run({ signal }),
      () =>
        say('Stopping: children in work are given up, everything else is kept. Ctrl-C again leaves at once.'),
    ).finally(endView)
    if (!finished) say(`Stopped; go on with: toolkit search --resume ${study.folder}`)
    else if (comparison !== null) printComparison(study.folder, best, comparison, flags)
    else printBest(study.folder, best, flags)
  } finally {
    await study.close()
  }
}

const say = (text: string): void => console.error(text)

const placeOf = ({ queue, processes, threads }: Flags) => ({ queue, processes, threads, onWarning: say })

function begin(flags: Flags): Promise<Study> {
  const settings = searchSettings(flags)
  const named = flags.task === 'autoencode' ? 'autoencoder' : (flags.evaluator ?? 'shared')
  const folder = flags.out ?? freeFolder(`searches/${flags.strategy}-${named}`)
  return createSearch(settings, folder, placeOf(flags))
}

/** Flags that say how to search on, not what is searched. */
const ALLOWED = new Set(['resume', 'budget', 'data', 'dataDir', 'processes', 'threads', 'queue', 'json'])

function goOn(folder: string, flags: Flags, command: Command): Promise<Study> {
  const given = (name: string): boolean => command.getOptionValueSource(name) === 'cli'
  const other = command.options.find((option) => {
    const name = option.attributeName()
    return given(name) && !ALLOWED.has(name)
  })
  if (other !== undefined)
    throw new UserError(`--resume goes on with a search as it is: leave out ${other.long}`)
  const { data, dataDir, budget } = flags
  const changes = {
    budget: given('budget') ? budget : undefined,
    data: { name: given('data') ? data : undefined, folder: given('dataDir') ? dataDir : undefined },
  }
  return resumeSearch(folder, changes, placeOf(flags))
}
