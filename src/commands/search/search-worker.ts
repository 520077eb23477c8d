import { availableParallelism } from 'node:os'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Child, ChildResult } from '../../search/evaluate/child.js'
import { interruptible } from '../shared/interrupt.js'
import { liveLine } from '../shared/live-line.js'

interface Flags {
  queue: string
  name?: string
  processes: number
  threads?: number
  data?: string
  dataDir?: string
  patience: number
}

const wholeNumber = (text: string): number => {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give a whole number from 1 on.')
}

const help = `
The search says what a child is trained on and for how long; the worker needs the address of the queue alone, and the
data sets that the search uses: fetch them first. A search on a folder of images looks for it in the same place, then in
the same place below the working folder; --data names another. Files other than the search's are refused. Start as many workers as you have machines, before or after the
search, and end them whenever you like: a child that a worker had in hand goes to another one. Ctrl-C hands it back,
Ctrl-C again leaves at once. A worker waits for the next search when one is over.

Two machines. On the first, 10.0.0.1, Redis and the search:
  $ redis-server --bind 10.0.0.1 --requirepass SECRET --appendonly yes
  $ toolkit search --queue redis://:SECRET@10.0.0.1:6379

On the second, and on each further one:
  $ toolkit datasets fetch cifar10
  $ toolkit search-worker --queue redis://:SECRET@10.0.0.1:6379

Examples:
  $ toolkit search-worker --queue redis://10.0.0.1:6379 --name cifar --processes 4 --threads 2
  $ TOOLKIT_QUEUE=redis://:SECRET@10.0.0.1:6379 toolkit search-worker

Whoever can reach Redis can change the search: give it a password and keep it off the internet. The first machine can
run a worker too. All run the same version of the toolkit.`

/**
 * `toolkit search-worker`
 *
 * @param module exports `createEvaluator`, for evaluators that the toolkit does not bring
 */
export function searchWorkerCommand(module?: URL): Command {
  return new Command('search-worker')
    .description('evaluate children of a search that another machine runs')
    .addOption(
      new Option('--queue <address>', "the search's queue: redis://host:port, or rediss:// for TLS")
        .env('TOOLKIT_QUEUE')
        .makeOptionMandatory(),
    )
    .option('--name <name>', 'which search, where there are several on one Redis')
    .option(
      '--processes <n>',
      'children at a time, each in its own process',
      wholeNumber,
      availableParallelism(),
    )
    .option('--threads <n>', 'threads for each child (default: share the cores)', wholeNumber)
    .option('--data <folder>', 'images of the search, where they lie elsewhere than on its machine')
    .option('--data-dir <folder>', 'where fetched data sets lie')
    .option('--patience <seconds>', 'how long Redis may be away', wholeNumber, 600)
    .addHelpText('after', help)
    .action((flags: Flags) => work(flags, module))
}

async function work(flags: Flags, module?: URL): Promise<void> {
  const { queue, name, processes, threads, data, dataDir, patience } = flags
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
        timeout: patience,
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
    () => progress.note('Leaving: children in hand go back. Ctrl-C again leaves at once.'),
  ).finally(progress.close)
}

/** A line about the children on stderr, renewed each second. */
function showChildren() {
  const line = liveLine(process.stderr)
  const inHand = new Map<number, number>()
  const counts = { measured: 0, failed: 0 }
  const text = (): string => {
    const now = performance.now()
    const current = [...inHand].map(([id, since]) => `${id} for ${Math.round((now - since) / 1000)} s`)
    const failed = counts.failed > 0 ? `, ${counts.failed} failed` : ''
    return `${counts.measured} children done${failed}; in hand: ${current.join(', ') || 'none'}`
  }
  const timer = setInterval(() => inHand.size > 0 && line.show(text), 1000)
  return {
    begin({ id }: Child): void {
      inHand.set(id, performance.now())
      line.show(text)
    },
    end({ id }: Child, result: ChildResult | null): void {
      inHand.delete(id)
      if (result !== null) counts[result.kind]++
      line.show(text)
    },
    note(words: string): void {
      line.end()
      console.error(words)
    },
    close(): void {
      clearInterval(timer)
      line.show(text, true)
      line.end()
    },
  }
}
