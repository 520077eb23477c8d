/**
 * The search loop: asks the strategy for children, keeps as many in work as the queue has workers for, and tells the
 * strategy their rewards. Everything is written to the journal before anything else depends on it.
 */
import { UserError } from '../shared/errors.js'
import type { Budget } from './config.js'
import type { Child, ChildResult } from './evaluate/child.js'
import type { WorkQueue } from './execution/queue.js'
import type { AskedEvent, JournalEvent, ToldEvent, Workforce } from './journal/journal.js'
import type { Decisions } from './space/space.js'
import { type RewardConfig, rewardOfResult } from './strategy/reward.js'
import type { Strategy } from './strategy/strategy.js'

export interface SearchParts {
  strategy: Strategy
  queue: WorkQueue
  reward: RewardConfig
  budget: Budget
  /** Written down for the report, where it is known. */
  workforce?: Workforce
  journal: {
    /** What happened before this run. */
    events: readonly JournalEvent[]
    append(event: JournalEvent): Promise<void>
  }
}

export interface SearchOptions {
  /** Aborting it gives up the children in flight; the search can be resumed. */
  signal?: AbortSignal
  /** The next child is waited for after it. */
  onTold?: (event: ToldEvent, standing: Standing) => void | Promise<void>
}

/** The state of a search, in numbers of children. */
export interface Standing {
  asked: number
  told: number
  inFlight: number
  /** Seconds of search, over all runs. */
  seconds: number
}

/** Results between two journal entries about the search's own time. */
const OVERHEAD_EVERY = 20

/**
 * Runs the search to the end of its budget, from where its journal ends. Children in flight when the time is up are
 * waited for. Returns false when the signal stopped it before.
 *
 * @throws UserError when the journal is not one of this strategy and seed, or no worker can work
 */
export async function runSearch(
  parts: SearchParts,
  { signal, onTold }: SearchOptions = {},
): Promise<boolean> {
  const { strategy, queue, reward, budget, workforce, journal } = parts
  const { asked, told, seconds: secondsBefore } = await replay(strategy, journal.events)
  const waiting = asked
    .filter(({ id }) => !told.has(id))
    .map(({ id, decisions }): Child => ({ id, decisions }))
  const inFlight = new Map<number, Decisions>()
  let count = asked.length
  let answered = told.size

  const start = performance.now()
  const seconds = (): number => secondsBefore + (performance.now() - start) / 1000
  const spent = { strategy: 0, journal: 0 }
  async function timed<T>(part: keyof typeof spent, work: Promise<T>): Promise<T> {
    const began = performance.now()
    const result = await work
    spent[part] += (performance.now() - began) / 1000
    return result
  }
  const write = (event: JournalEvent): Promise<void> => timed('journal', journal.append(event))

  /** The next child to hand out; null when the budget has none left. */
  async function nextChild(): Promise<Child | null> {
    const again = waiting.shift()
    if (again !== undefined) return again
    if (budget.kind === 'children' ? count >= budget.amount : seconds() >= budget.amount) return null
    const child = { id: count, decisions: await timed('strategy', strategy.ask()) }
    await write({ kind: 'asked', ...child })
    count++
    return child
  }

  async function handOut(): Promise<void> {
    while (inFlight.size < queue.capacity() && !signal?.aborted) {
      const child = await nextChild()
      if (child === null) return
      inFlight.set(child.id, child.decisions)
      await queue.submit(child)
    }
  }

  async function take(result: ChildResult): Promise<void> {
    const decisions = inFlight.get(result.id)
    // Taken already: a queue that outlives this process may return a result twice after a restart.
    if (decisions === undefined) return
    inFlight.delete(result.id)
    const value = rewardOfResult(reward, result)
    const figures = strategy.figures()
    const event: ToldEvent = { kind: 'told', result, seconds: seconds(), reward: value, figures }
    await write(event)
    await timed('strategy', strategy.tell(decisions, value))
    answered++
    await onTold?.(event, { asked: count, told: answered, inFlight: inFlight.size, seconds: seconds() })
    if (answered % OVERHEAD_EVERY === 0) await writeOverhead()
  }

  async function writeOverhead(): Promise<void> {
    const { strategy: strategySeconds, journal: journalSeconds } = spent
    Object.assign(spent, { strategy: 0, journal: 0 })
    await write({ kind: 'overhead', seconds: seconds(), strategySeconds, journalSeconds })
  }

  await write({ kind: 'session', seconds: secondsBefore, at: new Date().toISOString(), workforce })
  for (;;) {
    await handOut()
    if (inFlight.size === 0 && !signal?.aborted) break
    const result = await queue.next(signal)
    if (result !== null) await take(result)
    else if (signal?.aborted) break
    // Otherwise more workers have come, and more children can be handed out.
  }
  await writeOverhead()
  return signal?.aborted !== true
}

/**
 * Repeats the calls that the journal recorded, which brings the strategy back to its state.
 *
 * @throws UserError when the strategy proposes something else than before
 */
async function replay(
  strategy: Strategy,
  events: readonly JournalEvent[],
): Promise<{ asked: AskedEvent[]; told: Set<number>; seconds: number }> {
  const asked: AskedEvent[] = []
  const told = new Set<number>()
  for (const event of events) {
    if (event.kind === 'asked') {
      const decisions = await strategy.ask()
      if (event.id !== asked.length || String(decisions) !== String(event.decisions))
        throw new UserError(
          `The journal's child ${event.id} is not what this strategy and seed propose: it or search.json was edited, or written by another version of the toolkit. Restore them, or begin a new search`,
        )
      asked.push(event)
    } else if (event.kind === 'told') {
      const child = asked[event.result.id]
      if (child === undefined || told.has(event.result.id))
        throw new UserError(
          `The journal tells of child ${event.result.id}, which was not asked for or was told before: it was edited. Restore it, or begin a new search`,
        )
      await strategy.tell(child.decisions, event.reward)
      told.add(event.result.id)
    }
  }
  return { asked, told, seconds: secondsOf(events) }
}

/** How far a search has come. */
export interface Progress {
  /** Children that came back. */
  told: number
  /** Seconds of search, over all runs. */
  seconds: number
}

/** What the events of a journal amount to. */
export function progressOf(events: readonly JournalEvent[]): Progress {
  return { told: events.filter(({ kind }) => kind === 'told').length, seconds: secondsOf(events) }
}

/** Seconds of search until the last event, over all runs. */
export function secondsOf(events: readonly JournalEvent[]): number {
  const counted = events.filter(
    (event) => event.kind === 'told' || event.kind === 'session' || event.kind === 'overhead',
  )
  return counted.at(-1)?.seconds ?? 0
}
