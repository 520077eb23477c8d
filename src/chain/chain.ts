/**
 * The chain: cells are searched, the best are stacked and trained as a classifier, and that becomes the backbone of a
 * detector. Each stage has its share of the time, goes on where it was left, and hands on files.
 */
import { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type ChainFolder, type StageResults, stagePath } from './chain-folder.js'
import { STAGES, type StageName } from './plan.js'
import { runStage, StageFailed } from './run-stage.js'

/** What a chain emits while it runs. */
export interface ChainEvents {
  /** A stage begins to work, or goes on. */
  stage: [name: StageName]
  /** How far it is, from 0 to 1, and a few words with the latest numbers. */
  progress: [name: StageName, done: number, text: string]
  /** A sentence for people. */
  note: [name: StageName, text: string]
  /** Its journal or its metrics have grown. */
  grown: [name: StageName]
  /** A model was exported, perhaps again: its path. */
  model: [path: string]
  /** It has handed on its result. */
  done: [name: StageName]
}

/** A stage that did not come to its end, and why, for people. */
export class ChainFailed extends Error {
  override name = 'ChainFailed'

  constructor(
    readonly stage: StageName,
    reason: string,
  ) {
    super(reason)
  }
}

/** A stage has at least so many seconds when it goes on, whatever it used before. */
const LEAST_SECONDS = 20

const MODEL_FILES: Partial<Record<StageName, string>> = {
  classifier: 'model.onnx',
  detector: 'detector.onnx',
}

export class Chain extends EventEmitter<ChainEvents> {
  readonly folder: ChainFolder

  constructor(folder: ChainFolder) {
    super()
    this.folder = folder
  }

  /** What the stages have handed on so far. */
  get results(): { [S in StageName]: StageResults[S] | null } {
    const { folder } = this
    return {
      search: folder.resultOf('search'),
      classifier: folder.resultOf('classifier'),
      detector: folder.resultOf('detector'),
    }
  }

  /** Whether all stages are done. */
  get isDone(): boolean {
    return STAGES.every((name) => this.folder.resultOf(name) !== null)
  }

  /** The exported models that there are, those of stages that are not done included. */
  models(): string[] {
    return STAGES.flatMap((name) => {
      const file = MODEL_FILES[name]
      const path = file && join(stagePath(this.folder.folder, name), file)
      return path && existsSync(path) ? [path] : []
    })
  }

  /**
   * Runs the stages that are not done yet. True when all are done; false when the signal stopped one, which has saved
   * what it had.
   *
   * @throws ChainFailed when a stage cannot go on; those before it stay done
   */
  async run(signal: AbortSignal): Promise<boolean> {
    for (const name of STAGES) {
      if (this.folder.resultOf(name) !== null) continue
      if (!(await this.#runStage(name, signal))) return false
    }
    return true
  }

  async #runStage(name: StageName, signal: AbortSignal): Promise<boolean> {
    const { folder, plan } = this.folder
    this.emit('stage', name)
    const used = this.folder.secondsOf(name)
    const seconds = used === 0 ? plan[name].seconds : Math.max(LEAST_SECONDS, plan[name].seconds - used)
    const began = performance.now()
    let result: StageResults[StageName] | null = null
    try {
      result = await runStage(
        name,
        { folder, plan, seconds },
        {
          signal,
          onNews: (news) => {
            if (news.kind === 'progress') this.emit('progress', name, news.done, news.text)
            else if (news.kind === 'note') this.emit('note', name, news.text)
            else if (news.kind === 'grown') this.emit('grown', name)
            else this.emit('model', news.path)
          },
        },
      )
    } catch (error) {
      throw error instanceof StageFailed ? new ChainFailed(name, error.message) : error
    } finally {
      await this.folder.note(name, (performance.now() - began) / 1000, result)
    }
    if (result !== null) this.emit('done', name)
    return result !== null
  }
}
