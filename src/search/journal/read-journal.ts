/** Reading `journal.jsonl`. */
import * as z from 'zod/mini'
import { UserError } from '../../shared/errors.js'
import { readWholeLines } from '../../shared/files.js'
import { validate } from '../../shared/validation.js'
import { earlierKinds, type JournalEvent, journalEvent } from './journal.js'

/** Compiled, which makes it three times as fast: journals have tens of thousands of lines. */
const compiledEvent = z.compile(journalEvent)

/**
 * The events of a journal in their order, none when there is no file. A last line without its end, as a killed process
 * leaves it, is passed over.
 *
 * @throws UserError that names the line when any other is not an event
 */
export async function readJournal(path: string): Promise<JournalEvent[]> {
  return (await readWholeLines(path)).map((line, index) => {
    try {
      const event = withKindOfNow(JSON.parse(line))
      validate(compiledEvent, event, { field: 'event' })
      // As it was written, not in the schema's order: a search that is resumed writes the same lines again.
      return event
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof UserError)) throw error
      throw new UserError(
        `${path}, line ${index + 1} is damaged: ${error.message}; restore the file or begin a new search`,
        { cause: error },
      )
    }
  })
}

/** Names the kind of an event that an earlier version wrote as this one does. */
function withKindOfNow(event: { kind?: string } | null): JournalEvent {
  const kind = event?.kind
  const named = typeof kind === 'string' && Object.hasOwn(earlierKinds, kind)
  return (named ? { ...event, kind: earlierKinds[kind] } : event) as JournalEvent
}
