/** What proposes architectures and learns from their rewards. It knows no training. */
import type { Decisions } from '../space/space.js'

/** Metrics of a strategy's state, for the report: for example the controller's entropy in nats. */
export type StrategyFigures = Record<string, number>

export interface Strategy {
  /**
   * The next architecture to try. May be called again before the rewards of earlier ones have come. What it returns is a
   * function of the seed and of the calls before, in their order: so a search is resumed by repeating the calls that its
   * journal recorded.
   */
  ask(): Promise<Decisions>
  /** Learns the reward of an architecture that it proposed; each proposal gets one reward, in any order. */
  tell(decisions: Decisions, reward: number): Promise<void>
  /** Metrics of its present state; empty for a strategy without any. */
  figures(): StrategyFigures
  close(): Promise<void>
}
