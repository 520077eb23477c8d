/** Settings of the evaluator with shared weights. */
import type { ChildRecipe } from './recipe.js'

export interface SharedSettings extends ChildRecipe {
  kind: 'shared'
  /** File of the shared weights. */
  weights: string
  /** How the shared weights are trained before the search, by children that train as those of the search do. */
  warmUp: {
    /** In each, `sideBySide` children train from the same weights, which then move towards theirs. */
    rounds: number
    sideBySide: number
    /** How far, as a share of the way, in (0, 1]. */
    rate: number
  }
}
