/** Keeps what the page of a chain shows: fed by the chain's events, and by the files of its stages. */
import type { ChainView, FigureView, StageState, StageView } from '../../../serve/chain/view.js'
import type { Chain } from '../../chain/chain.js'
import { figuresOf } from '../../chain/figures.js'
import { STAGES, type StageName } from '../../chain/plan.js'
import { formatDuration } from '../../shared/text.js'
import { sentenceOf } from './show-chain.js'

const TITLES: Record<StageName, string> = {
  search: 'Search cells',
  classifier: 'Train a classifier',
  detector: 'Train a detector',
}
const PURPOSES: Record<StageName, string> = {
  search: 'Networks of different cells learn for a moment each; evolution goes on from the best.',
  classifier: 'The best cells, stacked to a larger network, learn to tell ten kinds of emoji apart.',
  detector: 'That network becomes the backbone of a Faster R-CNN, which learns to find emoji in scenes.',
}

/** Milliseconds between two readings of a stage's files. */
const INTERVAL = 2000
/** Share of a training after which its first checkpoint can be expected, with what comes before it. */
const UNTIL_CHECKPOINT = 0.35

interface Watched {
  state: StageState
  done: number
  text: string
  figures: FigureView[]
  pictures: FigureView[]
}

export class ChainWatch {
  readonly #chain: Chain
  readonly #stages: Record<StageName, Watched>
  readonly #served = new Set<'classification' | 'detection'>()
  readonly #onError: (error: Error) => void
  #working: { name: StageName; began: number } | null = null
  #ending = ''
  /** The reading that waits for its time, or is under way. */
  #reading: Promise<void> | null = null
  #readAt = Number.NEGATIVE_INFINITY

  /** @param onError is told why files cannot be read; the page then shows what it showed before */
  constructor(chain: Chain, onError: (error: Error) => void) {
    this.#chain = chain
    this.#onError = onError
    const watched = (name: StageName): Watched => {
      const result = chain.results[name]
      const text = result === null ? '' : sentenceOf(name, result)
      const isDone = result !== null
      return { state: isDone ? 'done' : 'waiting', done: isDone ? 1 : 0, text, figures: [], pictures: [] }
    }
    this.#stages = {
      search: watched('search'),
      classifier: watched('classifier'),
      detector: watched('detector'),
    }
    chain
      .on('stage', (name) => {
        this.#working = { name, began: performance.now() }
        this.#stages[name].state = 'working'
      })
      .on('progress', (name, done, text) => void Object.assign(this.#stages[name], { done, text }))
      .on('grown', (name) => this.#readSoon(name))
      .on('done', (name) => {
        const result = chain.results[name]
        this.#working = null
        Object.assign(this.#stages[name], {
          state: 'done',
          done: 1,
          text: result && sentenceOf(name, result),
        })
        void this.read(name)
      })
  }

  /** Notes that a model of that task is served. */
  serves(task: 'classification' | 'detection'): void {
    this.#served.add(task)
  }

  /** Shows these pictures below the detector's curves. */
  showPictures(pictures: FigureView[]): void {
    this.#stages.detector.pictures = pictures
  }

  /** Shows that the stage at work ended before it was done, and why. */
  ended(state: 'stopped' | 'failed', text: string): void {
    if (this.#working !== null) Object.assign(this.#stages[this.#working.name], { state, text })
    this.#working = null
    this.#ending = text
  }

  /** Draws the figures of a stage from its files. */
  async read(name: StageName): Promise<void> {
    try {
      const figures = await figuresOf(this.#chain.folder.folder, name, this.#working?.name === name)
      this.#stages[name].figures = figures.map(({ name, caption, svg }) => ({
        ...{ name, caption, type: 'svg' as const, body: svg },
      }))
    } catch (error) {
      this.#onError(error as Error)
    }
  }

  view(): ChainView {
    const left = Object.fromEntries(STAGES.map((name) => [name, this.#secondsLeft(name)]))
    return {
      stages: STAGES.map((name): StageView => {
        const { figures, pictures, ...stage } = this.#stages[name]
        return {
          ...{ name, title: TITLES[name], purpose: PURPOSES[name], secondsLeft: left[name] },
          ...{ ...stage, figures: [...figures, ...pictures] },
        }
      }),
      served: this.#served,
      secondsUntil: this.#secondsUntil(left),
      summary: this.#summary(left),
    }
  }

  #summary(left: Record<string, number>): string {
    if (this.#ending !== '') return this.#ending
    if (this.#chain.isDone) return 'All stages are done, and both models are served.'
    const all = STAGES.reduce((sum, name) => sum + left[name], 0)
    return `On the embedded data, in ${this.#chain.folder.folder}: about ${formatDuration(all)} left.`
  }

  #secondsLeft(name: StageName): number {
    const { folder } = this.#chain
    if (this.#stages[name].state === 'done') return 0
    const now = this.#working?.name === name ? (performance.now() - this.#working.began) / 1000 : 0
    return Math.max(0, folder.plan[name].seconds - folder.secondsOf(name) - now)
  }

  /** When a first model of each task can be expected. */
  #secondsUntil(left: Record<string, number>): ChainView['secondsUntil'] {
    if (this.#ending !== '') return {}
    const { plan } = this.#chain.folder
    const first = (name: 'classifier' | 'detector'): number =>
      Math.max(5, left[name] - (1 - UNTIL_CHECKPOINT) * plan[name].seconds)
    return {
      classification: left.search + first('classifier'),
      detection: left.search + left.classifier + first('detector'),
    }
  }

  /** Reads now or, if the files were read a moment ago, a moment later. */
  #readSoon(name: StageName): void {
    this.#reading ??= (async () => {
      const wait = Math.max(0, this.#readAt + INTERVAL - performance.now())
      await new Promise((resolve) => setTimeout(resolve, wait).unref())
      await this.read(name)
      this.#readAt = performance.now()
      this.#reading = null
    })()
  }
}
