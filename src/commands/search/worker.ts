import { availableParallelism } from 'node:os'
import { Command, Option } from '@commander-js/extra-typings'
import type { Child, ChildResult } from '../../search/evaluate/child.js'
import { liveLine } from '../../shared/live-line.js'
import { plural } from '../../shared/text.js'
import { type FlagsOf, wholeNumber } from '../shared/flags.js'
import { interruptible } from '../shared/interrupt.js'
import { dataDir, json } from '../shared/options.js'
import { say } from '../shared/say.js'

const help = `
The search decides what a child is trained on and for how long; a worker needs only the address of the queue, and the
data sets that the search uses: fetch them first. If the search uses a folder of images, the worker looks for it at the
same path, then at the same path below the working folder; --data names another one. Files that differ from those of
the search are refused.

Start as many workers as you have machines, before or after the search, and stop them at any time: the children that a
worker has in progress go to another one. Ctrl-C returns them to the queue, a second Ctrl-C exits immediately. When a
search is finished, a worker waits for the next one. All machines must run the same version of the toolkit.

Two machines. On the first, 10.0.0.1, Redis and the search:
  $ redis-server --bind 10.0.0.1 --requirepass SECRET --appendonly yes
  $ toolkit search --queue redis://:SECRET@10.0.0.1:6379

On the second, and on each further one:
  $ toolkit datasets fetch cifar10
  $ toolkit search-worker --queue redis://:SECRET@10.0.0.1:6379

Anyone who can reach Redis can change the search: set a password and keep it off the internet. The first machine can run
a worker too.

--json prints {"measured", "failed"} at the end: how many children this worker trained, and how many of its trainings
failed.

Examples:
  $ toolkit search-worker --queue redis://10.0.0.1:6379 --name cifar --processes 4 --threads 2
  $ TOOLKIT_QUEUE=redis://:SECRET@10.0.0.1:6379 toolkit search-worker`

/** The command with its flags. */
const workerFlags = () =>
  new Command('search-worker')
    .addOption(
      new Option('--queue <address>', 'queue of the search: redis://host:port, or rediss:// for TLS')
        .env('TOOLKIT_QUEUE')
        .makeOptionMandatory(),
    )
    .option('--name <name>', 'name of the search, if there are several on one Redis')
    .option(
      '--processes <n>',
      'children trained at the same time, each in a process',
      wholeNumber(1, 999_999),
      availableParallelism(),
    )
    .option(
      '--threads <n>',
      'threads of each of these processes (default: the cores divided by --processes)',
      wholeNumber(1, 999_999),
    )
    .option(
      '--data <folder>',
      'folder of the images, if it has another path than on the machine of the search',
    )
    .addOption(dataDir)
    .option(
      '--redis-timeout <seconds>',
      'exit after Redis has been unreachable for so long (default: 600)',
      wholeNumber(1, 999_999),
    )
    .addOption(
      new Option('--patience <seconds>', 'former name of --redis-timeout')
        .argParser(wholeNumber(1, 999_999))
        .conflicts('redisTimeout')
        .hideHelp(),
    )
    .addOption(json)

/**
 * `toolkit search-worker`
 *
 * @param module exports `createEvaluator`, for evaluators that the toolkit does not bring
 */
export const searchWorkerCommand = (module?: URL) =>
  workerFlags()
    .addHelpText('after', help)
    .action((flags) => work(flags, module))

async function work(flags: FlagsOf<typeof workerFlags>, module?: URL): Promise<void> {
  const { queue, name, processes, threads, data, dataDir } = flags
  const [{ runRedisWorker }, { WorkerPool }] = await Promise.all([
    import('../../search/redis/worker.js'),
    import('../../search/execution/worker-pool.js'),
  ])
  const progress = showChildren()
  await interruptible(
    async (signal) => {
      const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      await runRedisWorker({
        url: queue,
        name,
        timeout: flags.redisTimeout ?? flags.patience ?? 600,
        processes,
        signal,
        note: progress.note,
        onBegin: progress.begin,
        onEnd: progress.end,
        async evaluatorFor(evaluator) {
          const pool = new WorkerPool({
            evaluator,
            processes,
            threads,
            dataFolder: dataDir,
            imageFolder: data,
            module,
            note: progress.note,
          })
          await Promise.race([pool.ready, aborted])
          return pool
        },
      })
    },
    () =>
      progress.note('Stopping: children in progress go back to the queue. Ctrl-C again exits immediately.'),
  ).finally(progress.close)
  if (flags.json) console.log(JSON.stringify(progress.counts))
}

/** A line about the children on stderr, renewed each second. */
function showChildren() {
  const line = liveLine(process.stderr)
  const running = new Map<number, number>()
  const counts = { measured: 0, failed: 0 }
  const text = (): string => {
    const now = performance.now()
    const current = [...running].map(([id, since]) => `${id} for ${Math.round((now - since) / 1000)} s`)
    const failed = counts.failed > 0 ? `, ${counts.failed} failed` : ''
    return `${plural(counts.measured, 'child', 'children')} done${failed}; in progress: ${current.join(', ') || 'none'}`
  }
  const timer = setInterval(() => running.size > 0 && line.show(text), 1000)
  return {
    counts: counts as Readonly<typeof counts>,
    begin({ id }: Child): void {
      running.set(id, performance.now())
      line.show(text)
    },
    end({ id }: Child, result: ChildResult | null): void {
      running.delete(id)
      if (result !== null) counts[result.kind]++
      line.show(text)
    },
    note(words: string): void {
      line.end()
      say(words)
    },
    close(): void {
      clearInterval(timer)
      line.show(text, true)
      line.end()
    },
  }
}
