/** Cells compared on equal terms: networks of the same cost, trained alike, from several seeds. */
import { trainClassifier } from '../../train/classification/train.js'
import { Diverged } from '../../train/run/divergence.js'
import { unsavedRun } from '../../train/run/unsaved-run.js'
import { startClock } from '../evaluate/clock.js'
import type { ChildData } from '../evaluate/recipe.js'
import type { Sized } from './match-width.js'

export interface CompareParts {
  networks: readonly Sized[]
  data: ChildData
  /** Each network is trained once from each of them. */
  seeds: readonly number[]
  /** Trainings at a time, and threads of each. */
  processes: number
  threads: number
}

/** One training. */
export interface Trained {
  /** Which of the networks. */
  network: number
  seed: number
  /** Validation accuracy in [0, 1]; null: the loss stopped being finite. */
  accuracy: number | null
  seconds: number
}

/** Trains every network from every seed; null when `signal` stopped it. */
export async function compareNetworks(
  { networks, data, seeds, processes, threads }: CompareParts,
  { signal, onTrained }: { signal?: AbortSignal; onTrained?: (trained: Trained) => void } = {},
): Promise<Trained[] | null> {
  const waiting = seeds.flatMap((seed) => networks.map((_, network) => ({ network, seed })))
  const done: Trained[] = []
  const trainNext = async (): Promise<void> => {
    for (;;) {
      const place = waiting.shift()
      if (place === undefined || signal?.aborted) return
      const { run } = networks[place.network]
      const trained = await trainOne({ ...run, seed: place.seed }, data, threads, signal)
      if (trained === 'stopped') return
      done.push({ ...place, ...trained })
      onTrained?.(done.at(-1)!)
    }
  }
  await Promise.all(Array.from({ length: processes }, trainNext))
  return signal?.aborted ? null : done
}

async function trainOne(
  config: Sized['run'],
  { train, validation }: ChildData,
  threads: number,
  signal: AbortSignal | undefined,
): Promise<Pick<Trained, 'accuracy' | 'seconds'> | 'stopped'> {
  const start = performance.now()
  const seconds = (): number => (performance.now() - start) / 1000
  let accuracy: number | null = null
  try {
    const { finished } = await trainClassifier(
      unsavedRun(config),
      { train, validation },
      startClock(threads).compiler,
      {
        signal,
        onEvaluation({ top1, loss }) {
          accuracy = Number.isFinite(loss) ? top1 : null
        },
      },
    )
    return finished ? { accuracy, seconds: seconds() } : 'stopped'
  } catch (error) {
    if (error instanceof Diverged) return { accuracy: null, seconds: seconds() }
    throw error
  }
}
