/** Running statistics of a search, for the view of its progress. */
import type { ToldEvent } from './journal.js'

/** Children that a running mean is taken over, as in the paper's figure of RL against random search. */
export const RUNNING_MEAN = 25

export interface Watched {
  told: number
  failed: number
  /** The highest reward so far, of a child that did not fail. */
  best: ToldEvent | undefined
  /** Mean reward of the last children. */
  runningMean: number
  /** Every reward in order. */
  rewards: number[]
}

/** Collects the statistics, child by child. */
export function watchSearch(): Watched & { add(event: ToldEvent): void } {
  return {
    told: 0,
    failed: 0,
    best: undefined,
    runningMean: 0,
    rewards: [],
    add(event) {
      this.told++
      if (event.result.kind === 'failed') this.failed++
      else if (event.reward > (this.best?.reward ?? Number.NEGATIVE_INFINITY)) this.best = event
      this.rewards.push(event.reward)
      const last = this.rewards.slice(-RUNNING_MEAN)
      this.runningMean = last.reduce((sum, reward) => sum + reward, 0) / last.length
    },
  }
}

const BARS = '▁▂▃▄▅▆▇█'

/** Rewards as a line of bars, `width` wide: each the mean of its share of the children, from least to most. */
export function sparkline(rewards: readonly number[], width: number): string {
  const bars = Math.min(width, rewards.length)
  const means = Array.from({ length: bars }, (_, bar) => {
    const from = Math.floor((bar * rewards.length) / bars)
    const to = Math.floor(((bar + 1) * rewards.length) / bars)
    return rewards.slice(from, to).reduce((sum, reward) => sum + reward, 0) / (to - from)
  })
  const least = Math.min(...means)
  const range = Math.max(...means) - least || 1
  return means.map((mean) => BARS[Math.round(((mean - least) / range) * (BARS.length - 1))]).join('')
}
