import { Command } from '@commander-js/extra-typings'
import { chainFront } from '../../../serve/chain/front.js'
import { closeOnSignal, noLog, type RunningServer, serverDefaults } from '../../../serve/index.js'
import { Chain, ChainFailed } from '../../chain/chain.js'
import { ChainFolder } from '../../chain/chain-folder.js'
import { QUICK_SECONDS, USUAL_SECONDS } from '../../chain/plan.js'
import { UserError } from '../../shared/errors.js'
import { formatDuration } from '../../shared/text.js'
import { number, wholeNumber } from '../shared/flags.js'
import { interruptible } from '../shared/interrupt.js'
import { freeFolder } from '../shared/new-folder.js'
import { json } from '../shared/options.js'
import { say } from '../shared/say.js'
import { ChainWatch } from './chain-watch.js'
import { examplesOf, sendExamples } from './examples.js'
import { serveAnywhere } from './serve-anywhere.js'
import { ServedChain } from './served-chain.js'
import { showChain } from './show-chain.js'

const help = `
The whole way, small enough for two cores: some twenty cells are tried, the best are stacked to a network that learns
to classify emoji, and that network becomes the backbone of a Faster R-CNN that learns to find them in scenes. The data
is part of the package: nothing is downloaded. A server shows the work from its first second, answers with half-trained
models as soon as there are some, and runs until Ctrl-C.

The time is shared out among the stages: 12 % for the search, 25 % for the classifier, 63 % for the detector. A stage
that is too slow for its share ends with the best that it has. Ctrl-C keeps everything; the same command goes on from
there. When all is done, it serves what there is.

--json prints {"folder", "url", "seconds", "search", "classifier", "detector"} when all is done: the number of children
tried and the accuracy of the best; the models, their accuracy (top1) and average precision (ap, ap50), from 0 to 1, on
images and scenes of an artist whom they never saw. With --once also "answers", of both models.

Examples:
  $ toolkit start
  $ toolkit start --quick          # 3 minutes, and models that work a little
  $ toolkit start --seconds 1800   # half an hour, and better models
  $ toolkit start --fresh          # begins anew, in another folder
  $ toolkit start --quick --once   # for CI: sends each model one request and ends

In a clone, "npm start" is the same: npm start -- --quick`

/** `toolkit start`, which is what `npm start` runs. */
export function startCommand() {
  return new Command('start')
    .option(
      '--seconds <n>',
      `time for all stages, in seconds (default: ${USUAL_SECONDS}, or those that the chain began with)`,
      number({ above: 0 }),
    )
    .option('--quick', `the same as --seconds ${QUICK_SECONDS}, in the folder runs/quick`)
    .option('--out <folder>', 'folder of the chain, begun there or gone on with (default: runs/start)')
    .option('--fresh', 'begin anew, in a new folder')
    .option(
      '--port <port>',
      `port to serve on, 0 to 65535 (default: ${serverDefaults.port}, or any free one)`,
      wholeNumber(0, 65535),
    )
    .option('--once', 'send one request to each model when all is done, and exit')
    .addOption(json)
    .addHelpText('after', help)
    .action(start)
}

interface StartFlags {
  seconds?: number
  quick?: true
  out?: string
  fresh?: true
  port?: number
  once?: true
  json?: true
}

async function start(flags: StartFlags): Promise<void> {
  const folder = await ChainFolder.open(folderOf(flags), secondsOf(flags))
  try {
    const chain = new Chain(folder)
    const watch = new ChainWatch(chain, ({ message }) => say(message))
    const front = chainFront(() => watch.view())
    const server = await serveAnywhere({ models: [], front, log: noLog }, flags.port)
    const served = new ServedChain(chain, watch, server)
    const print = flags.json ? say : (text: string) => console.log(text)
    const endView = showChain(chain, print)
    print(`The chain in ${folder.folder} takes ${formatDuration(folder.plan.seconds)}.`)
    print(`Watch it at ${server.url}/chain`)
    try {
      await conduct(chain, served, flags, endView, print)
    } finally {
      endView()
      await served.close()
    }
  } finally {
    await folder.close()
  }
}

async function conduct(
  chain: Chain,
  served: ServedChain,
  flags: StartFlags,
  endView: () => void,
  print: (text: string) => void,
): Promise<void> {
  const { server } = served
  await served.begin()
  try {
    const finished = await interruptible(
      (signal) => chain.run(signal),
      () => {
        served.stopped()
        say('Stopping: what has been trained is saved. Ctrl-C again exits immediately.')
      },
    ).finally(endView)
    if (!finished) return say(`Stopped. Go on with: npx toolkit start --out ${chain.folder.folder}`)
  } catch (error) {
    if (!(error instanceof ChainFailed)) throw error
    served.failed(error)
    const again = `Go on with: npx toolkit start --out ${chain.folder.folder}`
    if (flags.once || chain.models().length === 0)
      throw new UserError(`The ${error.stage} failed: ${error.message}\n${again}`, { cause: error })
    say(`The ${error.stage} failed: ${error.message}\n${again}`)
    process.exitCode = 1
    print(`Serving what there is at ${server.url} until Ctrl-C.`)
    return closeOnSignal(server)
  }
  await served.finish()
  const examples = examplesOf(chain.folder.folder, server.url)
  print(`\nServing both models at ${server.url} until Ctrl-C. Try them:\n`)
  for (const { curl } of examples) print(`  ${curl}`)
  const answers = flags.once ? await sendExamples(examples) : undefined
  if (flags.json) printJson(chain, server, answers)
  else for (const answer of Object.values(answers ?? {})) console.log(JSON.stringify(answer))
  if (!flags.once) await closeOnSignal(server)
}

function printJson(chain: Chain, { url }: RunningServer, answers: object | undefined): void {
  const { folder, plan } = chain.folder
  console.log(JSON.stringify({ folder, url, seconds: plan.seconds, ...chain.results, answers }))
}

function folderOf({ out, quick, fresh }: StartFlags): string {
  if (out !== undefined && fresh)
    throw new UserError('--fresh chooses a new folder: leave out --out, or name a folder that does not exist')
  if (out !== undefined) return out
  const usual = quick ? 'runs/quick' : 'runs/start'
  return fresh ? freeFolder(usual) : usual
}

/** Undefined for a chain that keeps its own. */
function secondsOf(flags: StartFlags): number | undefined {
  if (flags.quick && flags.seconds !== undefined)
    throw new UserError(`--quick is --seconds ${QUICK_SECONDS}: leave out one of them`)
  return flags.quick ? QUICK_SECONDS : flags.seconds
}
