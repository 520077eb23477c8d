/** Which evaluation of a run is the best, and how many there were since. */

/** An evaluation with its score, higher is better. */
interface Scored {
  step: number
  score: number
}

/** Of equal scores the first counts. A score that is not a number is no gain. */
export class BestSoFar {
  /** Null: there was no evaluation. */
  best: Scored | null = null
  /** Evaluations since the best one. */
  since = 0

  /** Notes an evaluation. Returns whether it is the best so far. */
  add(evaluation: Scored): boolean {
    const gains = evaluation.score > (this.best?.score ?? Number.NEGATIVE_INFINITY)
    if (gains) this.best = evaluation
    this.since = gains ? 0 : this.since + 1
    return gains
  }
}
