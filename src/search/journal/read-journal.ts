/** Reading `journal.jsonl`. */
import { UserError } from '../../shared/errors.js'
import { readWholeLines } from '../../shared/files.js'
import {
  boolean,
  choice,
  integer,
  list,
  number,
  record,
  type Schema,
  string,
  variants,
} from '../../shared/schema.js'
import type { ChildResult, ChildSeconds, Measured } from '../evaluate/child.js'
import type { StrategyFigures } from '../strategy/strategy.js'
import type { JournalEvent, Workforce } from './journal.js'

/**
 * The events of a journal in their order, none when there is no file. A last line without its end, as a killed process
 * leaves it, is passed over.
 *
 * @throws UserError that names the line when any other is not an event
 */
export async function readJournal(path: string): Promise<JournalEvent[]> {
  return (await readWholeLines(path)).map((line, index) => {
    try {
      const event: unknown = JSON.parse(line)
      eventSchema(event, 'event')
      return event as JournalEvent
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof UserError)) throw error
      throw new UserError(
        `${path}, line ${index + 1} is damaged: ${error.message}; restore the file or begin a new search`,
        { cause: error },
      )
    }
  })
}

function optional<T>(schema: Schema<T>): Schema<T | undefined> {
  return (value, field) => (value === undefined ? undefined : schema(value, field))
}

/** Figures that were not finite have become null in JSON. */
const figures: Schema<StrategyFigures> = (value, field) => {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isObject && Object.values(value).every((figure) => figure === null || typeof figure === 'number'))
    return value as StrategyFigures
  throw new UserError(`"${field}" is ${JSON.stringify(value)}, but must be an object of numbers`)
}

const amount = number({ from: 0 })
const id = integer(0)

const measured = record<Measured>({
  quality: amount,
  reconstructionError: optional(amount),
  parameters: amount,
  multiplyAdds: amount,
  latencyMillis: optional(amount),
  stoppedEarly: optional(boolean),
  seconds: record<ChildSeconds>({ compile: amount, train: amount, measure: amount }),
})

const result = variants<ChildResult>({
  measured: { kind: choice('measured'), id, worker: string, measured },
  failed: { kind: choice('failed'), id, worker: string, reason: string },
})

const eventSchema = variants<JournalEvent>({
  asked: { kind: choice('asked'), id, decisions: list(integer(0)) },
  told: { kind: choice('told'), result, seconds: amount, reward: amount, figures },
  warmed: { kind: choice('warmed'), rounds: id, seconds: amount, threads: integer(1) },
  sitting: {
    kind: choice('sitting'),
    seconds: amount,
    at: string,
    workforce: optional(record<Workforce>({ processes: integer(1), threads: integer(1) })),
  },
  overhead: {
    kind: choice('overhead'),
    seconds: amount,
    strategySeconds: amount,
    journalSeconds: amount,
  },
  retrained: {
    kind: choice('retrained'),
    id,
    quality: amount,
    reconstructionError: optional(amount),
    seconds: amount,
  },
})
