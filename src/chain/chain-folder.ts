/**
 * The folder of a chain: `chain.json` says how much time it was given and what became of each stage; `search/`,
 * `classifier/` and `detector/` are the folders of the search and of the two runs, `scenes/` holds some held-out scenes;
 * while a process works there, `lock`.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { UserError } from '../shared/errors.js'
import { makeRemovableFolder, readText, writeFileAtomically } from '../shared/files.js'
import { lockFolder } from '../shared/lock.js'
import { number, text, validate, wholeNumber } from '../shared/validation.js'
import { type ChainPlan, planOf, type StageName, USUAL_SECONDS } from './plan.js'

const fraction = number({ from: 0, to: 1 })
/** COCO's average precision: −1 where it is not defined. */
const precision = number({ from: -1, to: 1 })

const results = {
  search: z.strictObject({
    /** Children that came back, and the number of the best. */
    tried: wholeNumber(0),
    best: wholeNumber(0),
    /** What it reached after its short training: accuracy on held-out images. */
    accuracy: fraction,
  }),
  classifier: z.strictObject({
    /** The exported file, as seen from the chain's folder. */
    model: text(),
    steps: wholeNumber(0),
    /** Of the images by the artist whom it never saw. */
    top1: fraction,
    images: wholeNumber(1),
  }),
  detector: z.strictObject({
    model: text(),
    steps: wholeNumber(0),
    /** On held-out scenes. */
    ap: precision,
    ap50: precision,
    images: wholeNumber(1),
  }),
} satisfies Record<StageName, z.ZodMiniType>

/** What each stage hands on, apart from its files. */
export type StageResults = { [S in StageName]: z.infer<(typeof results)[S]> }

const stage = <R extends z.ZodMiniType>(result: R) =>
  z.strictObject({ seconds: number({ from: 0 }), result: z.nullable(result) })

const chainRecord = z.strictObject({
  /** That all stages were given. */
  seconds: number({ above: 0 }),
  /** Seconds that each has worked, over all sessions; its result once it is done. */
  stages: z.strictObject({
    search: stage(results.search),
    classifier: stage(results.classifier),
    detector: stage(results.detector),
  }),
})
type ChainRecord = z.infer<typeof chainRecord>

export const recordPath = (folder: string): string => join(folder, 'chain.json')
export const stagePath = (folder: string, stage: StageName): string => join(folder, stage)
/** Some held-out scenes as JPEG files, `1.jpg` and so on. */
export const scenesPath = (folder: string): string => join(folder, 'scenes')
/** A test image by the artist whom the classifier never sees. */
export const examplePath = (folder: string): string => join(folder, 'example.png')

/** The folder of a chain that this process runs, locked so that no other process does. */
export class ChainFolder {
  readonly folder: string
  readonly plan: ChainPlan
  readonly #record: ChainRecord
  readonly #close: () => Promise<void>

  private constructor(folder: string, record: ChainRecord, close: () => Promise<void>) {
    this.folder = folder
    this.plan = planOf(record.seconds)
    this.#record = record
    this.#close = close
  }

  /**
   * Opens the chain in a folder, or begins one there.
   *
   * @param seconds for all stages; by default the usual ones, and of a chain that has begun its own
   * @throws UserError when another process works there, the chain began with other seconds, the record is damaged, or the
   *   folder cannot be written
   */
  static async open(folder: string, seconds?: number): Promise<ChainFolder> {
    const removeFolder = await makeRemovableFolder(folder)
    let release: (() => Promise<void>) | undefined
    try {
      release = await lockFolder(folder)
      const isBegun = existsSync(recordPath(folder))
      const record = isBegun ? await readRecord(folder) : newRecord(seconds ?? USUAL_SECONDS)
      if (seconds !== undefined && record.seconds !== seconds)
        throw new UserError(
          `The chain in ${folder} began with ${record.seconds} s, not ${seconds}: leave them out to go on with it, or begin anew with --fresh`,
        )
      if (!isBegun) await writeRecord(folder, record)
      return new ChainFolder(folder, record, release)
    } catch (error) {
      await release?.()
      await removeFolder()
      throw error
    }
  }

  /** What a stage handed on; null: it is not done. */
  resultOf<S extends StageName>(name: S): StageResults[S] | null {
    return this.#record.stages[name].result as StageResults[S] | null
  }

  /** Seconds that a stage has worked, over all sessions that have ended. */
  secondsOf(name: StageName): number {
    return this.#record.stages[name].seconds
  }

  /** Notes that a stage worked for so long, and its result when it is done. */
  async note<S extends StageName>(name: S, seconds: number, result: StageResults[S] | null): Promise<void> {
    const noted = this.#record.stages[name]
    noted.seconds += seconds
    noted.result = result
    await writeRecord(this.folder, this.#record)
  }

  /** Unlocks the folder. */
  close(): Promise<void> {
    return this.#close()
  }
}

const newRecord = (seconds: number): ChainRecord => ({
  seconds,
  stages: {
    search: { seconds: 0, result: null },
    classifier: { seconds: 0, result: null },
    detector: { seconds: 0, result: null },
  },
})

const writeRecord = (folder: string, record: ChainRecord): Promise<void> =>
  writeFileAtomically(recordPath(folder), `${JSON.stringify(record, null, 2)}\n`)

async function readRecord(folder: string): Promise<ChainRecord> {
  const path = recordPath(folder)
  const content = await readText(path, `${folder} holds no chain: there is no chain.json in it`)
  try {
    return validate(chainRecord, JSON.parse(content))
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof UserError)) throw error
    throw new UserError(`${path} is damaged: ${error.message}. Begin anew with --fresh`, {
      cause: error,
    })
  }
}
