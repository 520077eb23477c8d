import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Command, Option } from 'commander'
import type { Cell } from '../../../models/index.js'
import type { SearchConfig } from '../../search/config.js'
import { loadFinished, loadShared } from '../../search/evaluate/shared-weights-file.js'
import type { JournalEvent, RetrainedEvent } from '../../search/journal/journal.js'
import { watchSearch } from '../../search/journal/standing.js'
import { longerTrainingOf } from '../../search/redis/search.js'
import { chosenToRetrain, retrain } from '../../search/retrain/retrain.js'
import { runSearch, secondsOf } from '../../search/search.js'
import { noteSearchData, resumeSearchData } from '../../search/search-data.js'
import { createSearch, evaluatorIn, resumeSearch, type SearchFolder } from '../../search/search-folder.js'
import { decodeCells } from '../../search/space/genotypes.js'
import { startStrategy } from '../../search/strategy/strategies.js'
import { UserError } from '../../shared/errors.js'
import { isHere } from '../../train/classification/data.js'
import { percent } from '../../train/run/progress.js'
import { interruptible } from '../shared/interrupt.js'
import { freeFolder } from '../train/train-backbone.js'
import { concludeAutoencoders } from './search-autoencoder.js'
import { addSearchFlags, type SearchFlags, wholeFrom } from './search-flags.js'
import { evaluatorOf, searchConfigOf } from './search-flags-config.js'
import { checkQueue, openQueue, type QueueFlags } from './search-queue.js'
import { printBest, writeBest } from './search-results.js'
import { searchView } from './search-view.js'
import { warmUp } from './search-warm-up.js'

interface Flags extends SearchFlags, QueueFlags {
  out?: string
  resume?: string
  json?: boolean
}

const help = `
A strategy proposes children: networks of two cells each, drawn from the space of the NASNet paper. Local processes
train and measure them, and the strategy learns from their accuracy. With --evaluator shared, weights that all children
share are trained first (some ten minutes, which --budget does not count), and a child then costs seconds; with train,
each is on its own. With --queue, workers get these weights over Redis.

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
    .description('search cells: propose networks, train and measure them, learn from what comes of it')
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
  const folder = flags.resume === undefined ? await begin(flags) : await goOn(flags.resume, flags, command)
  try {
    await interruptible(
      (signal) => conduct(folder, flags, signal),
      () =>
        say('Stopping: children in work are given up, everything else is kept. Ctrl-C again leaves at once.'),
    )
  } catch (error) {
    if (flags.resume === undefined) await folder.discardUnbegun()
    throw error
  } finally {
    await folder.close()
  }
}

const say = (text: string): void => console.error(text)

async function begin(flags: Flags): Promise<SearchFolder> {
  const named = flags.task === 'autoencode' ? 'autoencoder' : evaluatorOf(flags)
  const folder = flags.out ?? freeFolder(`searches/${flags.strategy}-${named}`)
  const { weights } = flags
  const given = weights === undefined ? undefined : (await loadShared(weights)).trainedFor
  const asked = searchConfigOf(flags, { folder, id: randomUUID(), given })
  const config = await unlessElsewhere(flags, asked, (begun) => noteSearchData(begun, say))
  const evaluator = evaluatorIn(folder, config.evaluator)
  if (given !== undefined && evaluator.kind === 'shared') await loadFinished(evaluator)
  return createSearch(folder, config)
}

/** Flags that say how to search on, not what is searched. */
const ALLOWED = new Set(['resume', 'budget', 'data', 'dataDir', 'processes', 'threads', 'queue', 'json'])

async function goOn(folder: string, flags: Flags, command: Command): Promise<SearchFolder> {
  const given = (name: string): boolean => command.getOptionValueSource(name) === 'cli'
  const other = command.options
    .map((option) => option.attributeName())
    .find((name) => given(name) && !ALLOWED.has(name))
  if (other !== undefined) {
    const flag = command.options.find((option) => option.attributeName() === other)!.long
    throw new UserError(`--resume goes on with a search as it is: leave out ${flag}`)
  }
  const moved = given('data') || given('dataDir')
  const named = {
    ...(given('data') && { name: flags.data }),
    ...(given('dataDir') && { folder: flags.dataDir }),
  }
  return resumeSearch(folder, given('budget') ? flags.budget : undefined, (config) =>
    moved
      ? resumeSearchData(config, named, say)
      : unlessElsewhere(flags, config, (saved) => resumeSearchData(saved, {}, say)),
  )
}

/**
 * What `change` makes of the config; the config as it is where the data is not here, which only workers on other
 * machines need.
 */
async function unlessElsewhere(
  { queue }: QueueFlags,
  config: SearchConfig,
  change: (config: SearchConfig) => Promise<SearchConfig>,
): Promise<SearchConfig> {
  return queue === undefined || isHere(config.evaluator.run.data) ? change(config) : config
}

/** The whole search: shared weights, children, the best trained longer, the results written. */
async function conduct(search: SearchFolder, flags: Flags, signal: AbortSignal): Promise<void> {
  const { folder, config } = search
  const resume = `toolkit search --resume ${folder}`
  const events: JournalEvent[] = [...search.events]
  const journal = {
    events,
    async append(event: JournalEvent) {
      await search.append(event)
      events.push(event)
    },
  }
  await checkQueue(config, flags)
  say(`Searching in ${folder}`)
  const evaluator = evaluatorIn(folder, config.evaluator)
  const finished =
    (await warmUp({ folder, config, append: journal.append }, flags.threads, signal)) &&
    (await tryChildren({ ...config, evaluator }, journal, flags, signal))
  const retrained = finished ? await trainLonger(config, journal, flags, signal) : null
  const concluded = retrained !== null && (await conclude(search, events, retrained, flags, signal))
  if (!concluded) say(`Stopped; go on with: ${resume}`)
}

/** Writes and prints what was found. False when stopped before. */
async function conclude(
  { folder, config }: SearchFolder,
  events: readonly JournalEvent[],
  retrained: readonly RetrainedEvent[],
  { threads, json = false }: Flags,
  signal: AbortSignal,
): Promise<boolean> {
  const ranked = await writeBest(folder, config, events, retrained)
  const settings = config.retrain?.evaluator ?? config.evaluator
  if (settings.kind === 'reconstruct')
    return concludeAutoencoders({ folder, settings, ranked, machine: { threads }, json }, signal)
  printBest(folder, ranked, json)
  return true
}

type Journal = { events: readonly JournalEvent[]; append(event: JournalEvent): Promise<void> }

async function tryChildren(
  config: SearchConfig,
  journal: Journal,
  flags: Flags,
  signal: AbortSignal,
): Promise<boolean> {
  const strategy = await startStrategy(config)
  const queue = await openQueue(config, config.evaluator, flags, say)
  const watched = watchSearch()
  for (const event of journal.events) if (event.kind === 'told') watched.add(event)
  const before = { told: watched.told, seconds: secondsOf(journal.events) }
  const view = searchView(process.stderr, config.budget, before)
  const { space, reward, budget } = config
  const cellsOf = (id: number): Record<string, Cell> => {
    const asked = journal.events.find((event) => event.kind === 'asked' && event.id === id)
    return asked?.kind === 'asked' ? decodeCells(space, asked.decisions) : {}
  }
  const { processes, threads } = flags
  const workforce = flags.queue === undefined ? { processes, threads } : undefined
  try {
    return await runSearch(
      { strategy, queue, reward, budget, workforce, journal },
      {
        signal,
        onTold(event, standing) {
          watched.add(event)
          view.show(watched, standing, cellsOf)
        },
      },
    )
  } finally {
    view.end()
    await queue.close()
    await strategy.close()
  }
}

/** Null when stopped. */
async function trainLonger(
  config: SearchConfig,
  journal: Journal,
  flags: Flags,
  signal: AbortSignal,
): Promise<RetrainedEvent[] | null> {
  const { space, retrain: wanted } = config
  if (wanted === null) return []
  const of = config.task === 'autoencode' ? 'of the variance explained ' : ''
  const named = { id: longerTrainingOf(config.id), name: longerTrainingOf(config.name) }
  return retrain(
    {
      chosen: chosenToRetrain(space, journal.events, wanted),
      openQueue: () => openQueue(named, wanted.evaluator, flags, say),
      journal,
    },
    {
      signal,
      onBegin: (left) => say(`Training ${left} children longer …`),
      onDone: ({ id, quality }) => say(`child ${id}: ${percent(quality)} ${of}after longer training`),
    },
  )
}
