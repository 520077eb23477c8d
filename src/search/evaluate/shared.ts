/**
 * The evaluator with shared weights: a reward costs seconds. Before the search, the weights are trained by children
 * drawn evenly from the space, each for a few steps (as Guo et al., "Single Path One-Shot Neural Architecture Search
 * with Uniform Sampling", 2019). After that they stay as they are: a child starts from them, trains for a few steps
 * on its own and is measured. So a reward depends on the architecture alone, not on when it was tried, and every
 * strategy sees the same ones.
 */
import { existsSync } from 'node:fs'
import { random } from '../../../models/index.js'
import { trainClassifier } from '../../train/classification.js'
import type { RunConfig } from '../../train/config.js'
import { Diverged } from '../../train/loop.js'
import { networkConfig } from '../../train/network.js'
import { unsavedRun } from '../../train/unsaved-run.js'
import type { Child } from '../child.js'
import { randomDecisions } from '../genotypes.js'
import type { Machine } from '../machine.js'
import type { Evaluator } from '../queue.js'
import { startClock } from './clock.js'
import { measureChild } from './measure.js'
import { type ChildData, childConfig, loadChildData } from './recipe.js'
import type { SharedSettings } from './shared-settings.js'
import { putShared, type SharedWeights, type Trained, takeShared } from './shared-weights.js'
import { loadFinished, loadSharedOf, saveShared, trainedForOf } from './shared-weights-file.js'

/** @throws DatasetError when the images are missing, UserError when the weights are, or not fit for these settings */
export async function sharedEvaluator(settings: SharedSettings, machine: Machine): Promise<Evaluator> {
  const [data, weights] = await Promise.all([loadChildData(settings, machine), loadFinished(settings)])
  return {
    evaluate(child: Child, signal: AbortSignal) {
      const config = childConfig(settings.space, data.run, child.decisions)
      return measureChild(child, settings, data, machine, {
        config,
        signal,
        begin(layout, state) {
          takeShared(weights, networkConfig(config, data.train.classes.length), layout, state)
          return state
        },
      })
    },
    close: async () => {},
  }
}

export interface WarmUpOptions {
  signal?: AbortSignal
  /** Hears of each round: how many are done, and the mean loss of its children's last steps. */
  onRound?: (done: number, loss: number) => void
  /** Hears of each round after which the weights lie in the file: a kill loses nothing of it. */
  onSaved?: (done: number) => Promise<void>
  /** Seconds between saves. */
  saveEvery?: number
}

/**
 * Trains the shared weights to their end, from where the file stands if there is one, and leaves them in the file.
 * Returns false when `signal` stopped it before; what was trained until then is kept.
 *
 * @throws UserError when the file is damaged, another search's, or cannot be written
 */
export async function warmUpShared(
  settings: SharedSettings,
  machine: Machine,
  options: WarmUpOptions = {},
): Promise<boolean> {
  const { signal, onRound, onSaved, saveEvery = 60 } = options
  const { rounds, sideBySide } = settings.warmUp
  const begun = existsSync(settings.weights) ? await loadSharedOf(settings) : null
  // Before the images are loaded, which takes long.
  if (begun !== null && begun.rounds >= rounds) return true
  const data = await loadChildData(settings, machine)
  const weights: SharedWeights = begun?.weights ?? new Map()
  const trainedFor = trainedForOf(settings)
  let saved = performance.now()
  async function save(done: number): Promise<void> {
    await saveShared(settings.weights, { weights, rounds: done, trainedFor })
    await onSaved?.(done)
    saved = performance.now()
  }
  for (let round = begun?.rounds ?? 0; round < rounds; round++) {
    if (signal?.aborted) {
      await save(round)
      return false
    }
    const children = await Promise.all(
      Array.from({ length: sideBySide }, (_, place) =>
        trainStint(settings, machine, data, weights, round, place),
      ),
    )
    const trained = children.filter((child) => child !== null)
    putShared(weights, trained)
    onRound?.(round + 1, trained.reduce((sum, { loss }) => sum + loss, 0) / trained.length)
    if (performance.now() - saved > 1000 * saveEvery || round + 1 === rounds) await save(round + 1)
  }
  return true
}

/** A few steps of one child drawn from (seed, round, place), from the shared weights; null when it diverged. */
async function trainStint(
  settings: SharedSettings,
  { threads }: Machine,
  data: ChildData,
  weights: SharedWeights,
  round: number,
  place: number,
): Promise<(Trained & { loss: number }) | null> {
  const { space, run } = settings
  const { rounds, steps, learningRate } = settings.warmUp
  const drawn = random(run.seed, 'stint', round, place)
  const decisions = randomDecisions(space, drawn.uniform)
  const rate = learningRate * (0.55 + 0.45 * Math.cos((Math.PI * round) / rounds))
  const config: RunConfig = {
    ...childConfig(space, data.run, decisions, drawn.bits()),
    length: { kind: 'steps', amount: steps },
    learningRate: { kind: 'constant', peak: rate, warmup: 0 },
  }
  const network = networkConfig(config, data.train.classes.length)
  let loss = Number.NaN
  try {
    const { layout, state } = await trainClassifier(
      unsavedRun(config),
      { train: data.train, validation: null },
      startClock(threads).compiler,
      {
        begin(layout, state) {
          takeShared(weights, network, layout, state)
          return state
        },
        onStep: ({ figures }) => {
          loss = figures.loss
        },
      },
    )
    return { config: network, layout, state, loss }
  } catch (error) {
    if (error instanceof Diverged) return null
    throw error
  }
}
