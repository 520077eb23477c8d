/**
 * The course of a study: shared weights are trained if the evaluator wants some, then children are tried until the budget
 * is spent, the best are trained longer, and the results are written; of autoencoders, the best is compared with a plain one.
 */
import { type AutoencoderComparison, comparisonOf } from './comparison.js'
import type { ChildEvaluator } from './config.js'
import type { Machine } from './evaluate/machine.js'
import { loadFinished } from './evaluate/shared-weights-file.js'
import type { JournalEvent, RetrainedEvent, ToldEvent } from './journal/journal.js'
import { checkQueue, openQueue, type QueuePlace } from './open-queue.js'
import { longerTrainingOf } from './redis/search.js'
import { proposedCells, type RankedChild, rankBest, writeBest, writeGenotype } from './results.js'
import { chosenToRetrain, retrain } from './retrain/retrain.js'
import { type Progress, progressOf, runSearch, type Standing } from './search.js'
import { evaluatorIn, type SearchFolder, trainsOwnWeights } from './search-folder.js'
import { startStrategy } from './strategy/strategies.js'

export interface WarmUpProgress {
  /** Rounds that are done, and all. */
  done: number
  rounds: number
  /** Children that are trained in each. */
  sideBySide: number
  /** Mean loss of the last steps of this round's children. */
  loss: number
}

/** What a study emits while it runs, in this order, and what listeners are given. */
export interface StudyEvents {
  /** The queue can be used, and work begins. */
  start: []
  /** A round of the warm-up is done: the training of shared weights before the search. */
  warmUp: [progress: WarmUpProgress]
  /** Children are about to be tried; `before`: what the search did in earlier runs. */
  search: [before: Progress]
  /** A child came back, measured or failed, and the strategy got its reward. */
  child: [event: ToldEvent, standing: Standing]
  /** No more children are tried in this run: the budget is spent, or the run was stopped or failed. */
  searched: []
  /** So many of the best children are about to be trained longer. */
  retrain: [count: number]
  /** One of them is done. */
  retrained: [event: RetrainedEvent]
  /** The best autoencoder, this child, and a plain one of equal size are about to be trained. */
  compare: [child: number]
  /** At any time, a sentence for people: workers came or died, Redis is away or back. */
  note: [text: string]
}

export interface SearchResult {
  /** False when the signal stopped the run: `best` is then the best so far. */
  finished: boolean
  /** The best children, the best first, with their genotypes and what their longer training reached. */
  best: RankedChild[]
  /** Of autoencoders: the best against a plain one of equal size; null for classifiers, and when stopped. */
  comparison: AutoencoderComparison | null
}

type Emit = <K extends keyof StudyEvents>(name: K, ...args: StudyEvents[K]) => void

export class Course {
  readonly #folder: SearchFolder
  readonly #place: QueuePlace
  readonly #events: JournalEvent[]
  readonly #emit: Emit
  /** Of the children that could be measured. */
  #bestReward = Number.NEGATIVE_INFINITY

  /** @param events what the journal holds; events are added as they are written */
  constructor(folder: SearchFolder, place: QueuePlace, events: JournalEvent[], emit: Emit) {
    this.#folder = folder
    this.#place = place
    this.#events = events
    this.#emit = emit
    for (const event of events)
      if (event.kind === 'told' && event.result.kind !== 'failed')
        this.#bestReward = Math.max(this.#bestReward, event.reward)
  }

  /**
   * Goes from the present state to the end.
   *
   * @throws as `Study.run`
   */
  async run(signal: AbortSignal): Promise<SearchResult> {
    const { folder, config } = this.#folder
    await checkQueue(config, this.#place)
    this.#emit('start')
    const evaluator = evaluatorIn(folder, config.evaluator)
    const searched = (await this.#warmUp(evaluator, signal)) && (await this.#tryChildren(evaluator, signal))
    // Longer training may take hours, and be stopped.
    if (searched) await writeBest(folder, rankBest(config, this.#events, []))
    const retrained = searched ? await this.#trainLonger(signal) : null
    const best = rankBest(config, this.#events, retrained ?? [])
    if (retrained === null) return { finished: false, best, comparison: null }
    await writeBest(folder, best)
    const recipe = config.retrain?.evaluator ?? config.evaluator
    if (recipe.kind !== 'reconstruct') return { finished: true, best, comparison: null }
    const comparison = await comparisonOf(folder, recipe, best[0], this.#machine, {
      signal,
      onBegin: () => this.#emit('compare', best[0].id),
    })
    return { finished: comparison !== null, best, comparison }
  }

  /** Trains the shared weights to their end, if the evaluator wants some. False when stopped. */
  async #warmUp(evaluator: ChildEvaluator, signal: AbortSignal): Promise<boolean> {
    if (evaluator.kind !== 'shared') return true
    if (!trainsOwnWeights(this.#folder.config)) {
      await loadFinished(evaluator)
      return true
    }
    // Loaded here: it brings TensorFlow.js.
    const { warmUpShared } = await import('./evaluate/shared.js')
    const { rounds, sideBySide } = evaluator.warmUp
    const threads = this.#place.threads * sideBySide
    let written = performance.now()
    return warmUpShared(evaluator, this.#machine, {
      signal,
      onRound: (done, loss) => this.#emit('warmUp', { done, rounds, sideBySide, loss }),
      onSaved: async (done) => {
        const now = performance.now()
        const seconds = (now - written) / 1000
        written = now
        await this.#append({ kind: 'warmed', rounds: done, seconds, threads })
      },
    })
  }

  /** False when stopped. */
  async #tryChildren(evaluator: ChildEvaluator, signal: AbortSignal): Promise<boolean> {
    const { reward, budget } = this.#folder.config
    const { queue: address, processes, threads } = this.#place
    const workforce = address === undefined ? { processes, threads } : undefined
    const strategy = await startStrategy(this.#folder.config)
    try {
      const queue = await openQueue(this.#folder.config, evaluator, this.#place, this.#note)
      try {
        this.#emit('search', progressOf(this.#events))
        return await runSearch(
          { strategy, queue, reward, budget, workforce, journal: this.#journal },
          {
            signal,
            onTold: async (event, standing) => {
              await this.#keepBest(event)
              this.#emit('child', event, standing)
            },
          },
        )
      } finally {
        this.#emit('searched')
        await queue.close()
      }
    } finally {
      await strategy.close()
    }
  }

  /** Writes the cells of a child that is the best so far. */
  async #keepBest({ reward, result }: ToldEvent): Promise<void> {
    if (result.kind === 'failed' || reward <= this.#bestReward) return
    this.#bestReward = reward
    await writeGenotype(this.#folder.folder, proposedCells(this.#folder.config, this.#events, result.id))
  }

  /** Null when stopped. */
  async #trainLonger(signal: AbortSignal): Promise<RetrainedEvent[] | null> {
    const { id, name, space, retrain: wanted } = this.#folder.config
    if (wanted === null) return []
    const named = { id: longerTrainingOf(id), name: longerTrainingOf(name) }
    return retrain(
      {
        chosen: chosenToRetrain(space, this.#events, wanted),
        openQueue: () => openQueue(named, wanted.evaluator, this.#place, this.#note),
        journal: this.#journal,
      },
      {
        signal,
        onBegin: (count) => this.#emit('retrain', count),
        onDone: (event) => this.#emit('retrained', event),
      },
    )
  }

  get #machine(): Machine {
    return { threads: this.#place.threads }
  }

  readonly #note = (text: string): void => void this.#emit('note', text)

  readonly #append = async (event: JournalEvent): Promise<void> => {
    await this.#folder.append(event)
    this.#events.push(event)
  }

  get #journal() {
    return { events: this.#events, append: this.#append }
  }
}
