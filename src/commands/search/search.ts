import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { createSearch, resumeSearch } from '../../search/create-study.js'
import { genotypePath } from '../../search/search-folder.js'
import type { Study } from '../../search/study.js'
import { UserError } from '../../shared/errors.js'
import { interruptible } from '../shared/interrupt.js'
import { freeFolder } from '../shared/new-folder.js'
import { say } from '../shared/say.js'
import { printComparison } from './autoencoder-results.js'
import { RESUME_FLAGS, type SearchFlags, searchFlags, searchSettings } from './flags.js'
import { printBest } from './print-best.js'
import { showStudy } from './show-study.js'

const help = `
A strategy proposes children: networks of two cells each, from the search space of the NASNet paper. Local processes
train and evaluate them, and the strategy learns from their accuracy. With --evaluator shared, weights that all
children share are trained first (about ten minutes, not counted by --budget), and a child then takes seconds; with
train, each child is trained on its own. With --queue, workers get these weights over Redis.

With --task autoencode, children are autoencoders of three cells (normal, reduction, expansion), and the reward is the
fraction of the images' variance that they reconstruct. At the end the best is compared with a plain convolutional
autoencoder with as many parameters: comparison.json, and reconstructions.png to look at.

A search is a folder: search.json, journal.jsonl (every event), genotype.json (the best cells so far) and, at the end,
best/. It may be killed at any moment: --resume continues it, and only the children in progress are trained again.

At the end, the best children are trained longer, which may take longer than the search itself; the best of that
training is the result. --resume SEARCH --top 0 skips it.

--json prints {"search", "genotype", "best": [{"id", "reward", "retrained"}]}: the paths, and the best children, with
their accuracy from 0 to 1 after longer training (null if there was none); for autoencoders also errors, PSNR,
variance explained, costs, "comparison" and "reconstructions".

Examples:
  $ toolkit search --data cifar10 --strategy ppo --evaluator shared --budget 1h --out searches/ppo
  $ toolkit search --strategy random --weights searches/ppo/shared-weights.safetensors --budget 1h
  $ toolkit search --evaluator train --strategy evolution --budget 200 --target-multiply-adds 15e6
  $ toolkit search --evaluator train --budget 20000 --queue redis://:SECRET@10.0.0.1:6379
  $ toolkit search --task autoencode --strategy evolution --budget 60
  $ toolkit search --resume searches/ppo
  $ toolkit search --resume searches/ppo --budget 2h
  $ toolkit search --resume searches/ppo --top 0

Next: toolkit search-report SEARCH, toolkit draw SEARCH/genotype.json,
toolkit train-backbone --preset laptop-cifar10 --arch SEARCH/genotype.json`

/** `toolkit search` */
export const searchCommand = () => searchFlags().addHelpText('after', help).action(search)

async function search(flags: SearchFlags, command: CommandUnknownOpts): Promise<void> {
  const study = flags.resume === undefined ? await begin(flags) : await goOn(flags.resume, flags, command)
  const endView = showStudy(study)
  let isTrainingLonger = false
  study.on('retrain', () => {
    isTrainingLonger = true
  })
  try {
    const { finished, best, comparison } = await interruptible(
      (signal) => study.run({ signal }),
      () =>
        say(
          'Stopping: children in progress are given up, everything else is kept. Ctrl-C again exits immediately.',
        ),
    ).finally(endView)
    if (!finished) {
      say(`Stopped; continue with: toolkit search --resume ${study.folder}`)
      if (isTrainingLonger)
        say(`Or skip the longer training: toolkit search --resume ${study.folder} --top 0 --check-ranks 0`)
      if (best.length > 0) say(`The best cells so far are ${genotypePath(study.folder)}`)
    } else if (comparison !== null) printComparison(study.folder, best, comparison, flags)
    else printBest(study.folder, best, flags)
  } finally {
    await study.close()
  }
}

const placeOf = ({ queue, processes, threads }: SearchFlags) => ({
  queue,
  processes,
  threads,
  onWarning: say,
})

function begin(flags: SearchFlags): Promise<Study> {
  const settings = searchSettings(flags)
  const named = flags.task === 'autoencode' ? 'autoencoder' : (flags.evaluator ?? 'shared')
  const folder = flags.out ?? freeFolder(`searches/${flags.strategy}-${named}`)
  return createSearch(settings, folder, placeOf(flags))
}

function goOn(folder: string, flags: SearchFlags, command: CommandUnknownOpts): Promise<Study> {
  const given = (name: string): boolean => command.getOptionValueSource(name) === 'cli'
  const other = command.options.find((option) => {
    const name = option.attributeName()
    return given(name) && !RESUME_FLAGS.has(name)
  })
  if (other !== undefined)
    throw new UserError(`--resume continues a search with its own settings: leave out ${other.long}`)
  const { data, dataDir, budget, top, checkRanks } = flags
  const changes = {
    budget: given('budget') ? budget : undefined,
    top: given('top') ? top : undefined,
    checkRanks: given('checkRanks') ? checkRanks : undefined,
    data: { name: given('data') ? data : undefined, folder: given('dataDir') ? dataDir : undefined },
  }
  return resumeSearch(folder, changes, placeOf(flags))
}
