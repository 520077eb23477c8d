/** Settings of the evaluator with shared weights. */
import type { ChildRecipe } from './recipe.js'

export interface SharedSettings extends ChildRecipe {
  kind: 'shared'
  /** File of the shared weights. */
  weights: string
  /** How the shared weights are trained before the search. */
  warmUp: {
    /** Rounds: in each, `sideBySide` children train from the same weights, and the means of theirs come back. */
    rounds: number
    sideBySide: number
    /** Steps of each child. */
    steps: number
    /** Learning rate of the first round; it falls to a tenth as half a cosine. */
    learningRate: number
  }
}
