/**
 * A study: one search from its beginning to its results. Shared weights are trained if the evaluator wants some, then
 * children are tried until the budget is spent, the best are trained longer, and the results are written; of
 * autoencoders, the best is compared with a plain one. Everything is written into the search's folder as it happens, the
 * best cells so far included: a study may be killed at any moment, and {@link resumeSearch} goes on with it.
 */
import { EventEmitter } from 'node:events'
import { availableParallelism } from 'node:os'
import { type AutoencoderComparison, comparisonOf } from './comparison.js'
import type { ChildEvaluator, SearchConfig } from './config.js'
import type { Machine } from './evaluate/machine.js'
import { loadFinished } from './evaluate/shared-weights-file.js'
import type { JournalEvent, RetrainedEvent, ToldEvent } from './journal/journal.js'
import { checkQueue, openQueue, type QueuePlace } from './open-queue.js'
import { longerTrainingOf } from './redis/search.js'
import { type NamedCells, type RankedChild, rankBest, writeBest, writeGenotype } from './results.js'
import { chosenToRetrain, retrain } from './retrain/retrain.js'
import { type Progress, progressOf, runSearch, type Standing } from './search.js'
import { evaluatorIn, type SearchFolder, trainsOwnWeights } from './search-folder.js'
import { decodeCells } from './space/genotypes.js'
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

export interface StudyOptions extends Partial<QueuePlace> {
  /** The study is in a new folder, which a run that fails before anything was trained removes. */
  isNew?: boolean
}

export interface RunOptions {
  /** Aborting it gives up the children in work and ends the run; everything else is kept. */
  signal?: AbortSignal
}

export interface SearchResult {
  /** False when the signal stopped the run: `best` is then the best so far. */
  finished: boolean
  /** The best children, the best first, with their genotypes and what their longer training reached. */
  best: RankedChild[]
  /** Of autoencoders: the best against a plain one of equal size; null for classifiers, and when stopped. */
  comparison: AutoencoderComparison | null
}

/** Made by `createSearch` and `resumeSearch`. Its folder is locked until it is closed. */
export class Study extends EventEmitter<StudyEvents> {
  readonly #folder: SearchFolder
  readonly #place: QueuePlace
  readonly #isNew: boolean
  readonly #events: JournalEvent[]
  readonly #closing = new AbortController()
  #state: 'open' | 'running' | 'broken' | 'closed' = 'open'
  #run: Promise<SearchResult> | null = null
  /** Of the children that could be measured. */
  #bestReward = Number.NEGATIVE_INFINITY

  constructor(folder: SearchFolder, options: StudyOptions = {}) {
    super()
    const { queue, processes = availableParallelism(), threads = 1, isNew = false } = options
    this.#folder = folder
    this.#place = { queue, processes, threads }
    this.#isNew = isNew
    this.#events = [...folder.events]
    for (const event of this.#events)
      if (event.kind === 'told' && event.result.kind !== 'failed')
        this.#bestReward = Math.max(this.#bestReward, event.reward)
  }

  /** The search's folder. */
  get folder(): string {
    return this.#folder.folder
  }

  get config(): SearchConfig {
    return this.#folder.config
  }

  /** What the search's journal holds, also of earlier runs. */
  get events(): readonly JournalEvent[] {
    return this.#events
  }

  /** The genotype of a child that was proposed. Throws a RangeError for others. */
  genotypeOf(id: number): NamedCells {
    const { space, name } = this.config
    const asked = this.#events.find((event) => event.kind === 'asked' && event.id === id)
    if (asked?.kind !== 'asked') throw new RangeError(`The search has proposed no child ${id}`)
    return { name: `${name}-${id}`, ...decodeCells(space, asked.decisions) }
  }

  /**
   * Runs the search from its present state to its end; a finished search only writes and returns its results again.
   * After a run that was stopped, it can be run again.
   *
   * @throws UserError when no child can be evaluated (data missing, no worker can work, Redis away for too long), none
   *   could be measured, or a file cannot be written. The study can then only be closed; a new search in which nothing
   *   was trained yet is removed from its folder.
   */
  run({ signal }: RunOptions = {}): Promise<SearchResult> {
    if (this.#state !== 'open')
      return Promise.reject(new Error(`The study is ${this.#state} and cannot be run`))
    this.#state = 'running'
    const { signal: closing } = this.#closing
    const stopped = signal === undefined ? closing : AbortSignal.any([signal, closing])
    this.#run = this.#conduct(stopped).then(
      (result) => {
        this.#state = 'open'
        return result
      },
      async (error) => {
        this.#state = 'broken'
        if (this.#isNew) await this.#folder.discardUnbegun()
        throw error
      },
    )
    return this.#run
  }

  /** Stops a run and waits for its end, and unlocks the folder. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#closing.abort()
    await this.#run?.catch(() => {})
    this.#state = 'closed'
    await this.#folder.close()
  }

  async #conduct(signal: AbortSignal): Promise<SearchResult> {
    const { folder, config } = this
    await checkQueue(config, this.#place)
    this.emit('start')
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
      onBegin: () => this.emit('compare', best[0].id),
    })
    return { finished: comparison !== null, best, comparison }
  }

  /** Trains the shared weights to their end, if the evaluator wants some. False when stopped. */
  async #warmUp(evaluator: ChildEvaluator, signal: AbortSignal): Promise<boolean> {
    if (evaluator.kind !== 'shared') return true
    if (!trainsOwnWeights(this.config)) {
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
      onRound: (done, loss) => this.emit('warmUp', { done, rounds, sideBySide, loss }),
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
    const { reward, budget } = this.config
    const { queue: address, processes, threads } = this.#place
    const workforce = address === undefined ? { processes, threads } : undefined
    const strategy = await startStrategy(this.config)
    try {
      const queue = await openQueue(this.config, evaluator, this.#place, this.#note)
      try {
        this.emit('search', progressOf(this.#events))
        return await runSearch(
          { strategy, queue, reward, budget, workforce, journal: this.#journal },
          {
            signal,
            onTold: async (event, standing) => {
              await this.#keepBest(event)
              this.emit('child', event, standing)
            },
          },
        )
      } finally {
        this.emit('searched')
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
    await writeGenotype(this.folder, this.genotypeOf(result.id))
  }

  /** Null when stopped. */
  async #trainLonger(signal: AbortSignal): Promise<RetrainedEvent[] | null> {
    const { id, name, space, retrain: wanted } = this.config
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
        onBegin: (count) => this.emit('retrain', count),
        onDone: (event) => this.emit('retrained', event),
      },
    )
  }

  get #machine(): Machine {
    return { threads: this.#place.threads }
  }

  readonly #note = (text: string): void => void this.emit('note', text)

  readonly #append = async (event: JournalEvent): Promise<void> => {
    await this.#folder.append(event)
    this.#events.push(event)
  }

  get #journal() {
    return { events: this.#events, append: this.#append }
  }
}
