/**
 * The evaluator with shared weights: a reward costs seconds. Before the search, children drawn evenly from the space
 * train for a few steps each, as those of the search will, and after each round the shared weights move a share of the
 * way towards theirs: so they become a place from which a few steps go far, whatever the architecture (Reptile: Nichol
 * et al., "On First-Order Meta-Learning Algorithms", 2018, over uniformly sampled paths as Guo et al., 2019). After that
 * they stay as they are: a child begins with them, trains for its few steps and is measured. So a reward depends on
 * the architecture alone, not on when it was tried, and every strategy sees the same ones.
 */
import { existsSync } from 'node:fs'
import { random } from '../../../models/index.js'
import { networkConfig } from '../../train/classification/network.js'
import { trainClassifier } from '../../train/classification/train.js'
import { Diverged } from '../../train/run/divergence.js'
import { unsavedRun } from '../../train/run/unsaved-run.js'
import { randomDecisions } from '../space/genotypes.js'
import type { Child, Evaluator } from './child.js'
import { startClock } from './clock.js'
import type { Machine } from './machine.js'
import { measureChild } from './measure.js'
import { type ChildData, childConfig, loadChildData } from './recipe.js'
import type { SharedSettings } from './settings.js'
import { moveShared, type SharedWeights, type Trained, takeShared } from './shared-weights.js'
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
  /** Called after each round with how many are done, and the mean loss of its children's last steps. */
  onRound?: (done: number, loss: number) => void
  /** Called after each save with how many rounds the file holds: a kill loses none of them. */
  onSaved?: (done: number) => Promise<void>
  /** Seconds between saves. */
  saveEvery?: number
}

/**
 * Trains the shared weights to their end, from the rounds that the file holds if there is one, and saves them there.
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
  const { rounds, sideBySide, rate } = settings.warmUp
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
        trainBriefly(settings, machine, data, weights, round, place),
      ),
    )
    const trained = children.filter((child) => child !== null)
    moveShared(weights, trained, rate)
    onRound?.(round + 1, trained.reduce((sum, { loss }) => sum + loss, 0) / trained.length)
    if (performance.now() - saved > 1000 * saveEvery || round + 1 === rounds) await save(round + 1)
  }
  return true
}

/** One child drawn from (seed, round, place), trained from the shared weights; null when it diverged. */
async function trainBriefly(
  settings: SharedSettings,
  { threads }: Machine,
  data: ChildData,
  weights: SharedWeights,
  round: number,
  place: number,
): Promise<(Trained & { loss: number }) | null> {
  const { space, run } = settings
  const drawn = random(run.seed, 'stint', round, place)
  const decisions = randomDecisions(space, drawn.uniform)
  const config = childConfig(space, data.run, decisions, drawn.bits())
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
        onStep: ({ metrics }) => {
          loss = metrics.loss
        },
      },
    )
    return { config: network, layout, state, loss }
  } catch (error) {
    if (error instanceof Diverged) return null
    throw error
  }
}
