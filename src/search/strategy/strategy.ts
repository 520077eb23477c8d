/** What proposes architectures and learns from their rewards. It knows no training. */
import type { Decisions } from '../space/space.js'

/** What a strategy tells of itself, for the report: for example the controller's entropy in nats. */
export type StrategyFigures = Record<string, number>

export interface Strategy {
  /**
   * The next architecture to try. May be called again before earlier ones were answered.
   * The answers of a strategy are a function of its seed and of the calls before, in their order: so a search is
   * resumed by repeating the calls that its journal recorded.
   */
  ask(): Promise<Decisions>
  /** Learns the reward of an architecture that it proposed; each proposal is answered once, in any order. */
  tell(decisions: Decisions, reward: number): Promise<void>
  /** Figures of its state now; empty for a strategy without any. */
  figures(): StrategyFigures
  close(): Promise<void>
}
