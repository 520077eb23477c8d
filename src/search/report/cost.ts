/** What a search has cost, and where the time of its workers went. */
import type { JournalEvent, SessionEvent } from '../journal/journal.js'
import { secondsOf } from '../search.js'
import { sum } from './curves.js'

/** Seconds of workers: of a search in one session, the number of processes times its duration. */
export interface SearchTime {
  compile: number
  train: number
  measure: number
  /** While the strategy or the journal is at work, one worker waits for its next child. */
  strategy: number
  journal: number
  /**
   * All other time without a result: workers that start, wait for others or for the queue, try a child that fails, or
   * are killed. Null where the journal does not record how many there were, as for those on other machines.
   */
  waiting: number | null
}

export interface SearchCost {
  /** Of evaluation: seconds times threads, one where the journal does not record them. */
  coreHours: number
  /** Of the training of shared weights before the search, which no budget counts. */
  warmUpCoreHours: number
  /** Children at a time and threads of each in the last session; null where the journal does not record them. */
  processes: number | null
  threads: number | null
  /** Share of the workers' time that is neither training nor measuring, as far as it is known. */
  overhead: number
  /** Of one image through every measured child. */
  multiplyAdds: number
}

export function timeAndCost(events: readonly JournalEvent[]): { time: SearchTime; cost: SearchCost } {
  const time: SearchTime = { compile: 0, train: 0, measure: 0, strategy: 0, journal: 0, waiting: null }
  let [session, coreSeconds, warmUpSeconds, multiplyAdds]: [SessionEvent | undefined, ...number[]] = [
    undefined,
    0,
    0,
    0,
  ]
  for (const event of events) {
    if (event.kind === 'session') session = event
    if (event.kind === 'warmed') warmUpSeconds += event.seconds * event.threads
    if (event.kind === 'overhead') {
      time.strategy += event.strategySeconds
      time.journal += event.journalSeconds
    }
    if (event.kind === 'told' && event.result.kind === 'measured') {
      const { seconds } = event.result.measured
      for (const part of ['compile', 'train', 'measure'] as const) time[part] += seconds[part]
      coreSeconds += sum(Object.values(seconds)) * (session?.workforce?.threads ?? 1)
      multiplyAdds += event.result.measured.multiplyAdds
    }
  }
  const known = time.compile + time.train + time.measure + time.strategy + time.journal
  const all = workerSeconds(events)
  if (all !== null) time.waiting = Math.max(0, all - known)
  const spent = known + (time.waiting ?? 0)
  return {
    time,
    cost: {
      coreHours: coreSeconds / 3600,
      warmUpCoreHours: warmUpSeconds / 3600,
      processes: session?.workforce?.processes ?? null,
      threads: session?.workforce?.threads ?? null,
      overhead: spent === 0 ? 0 : 1 - (time.train + time.measure) / spent,
      multiplyAdds,
    },
  }
}

/** Duration times processes, over all sessions; null where the journal does not record the processes. */
function workerSeconds(events: readonly JournalEvent[]): number | null {
  const sessions = events.filter((event) => event.kind === 'session')
  const ends = [...sessions.slice(1).map(({ seconds }) => seconds), secondsOf(events)]
  let total = 0
  for (const [i, { seconds, workforce }] of sessions.entries()) {
    if (ends[i] === seconds) continue
    if (workforce === undefined) return null
    total += workforce.processes * (ends[i] - seconds)
  }
  return total
}
