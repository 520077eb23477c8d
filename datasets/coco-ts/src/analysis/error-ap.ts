/** Average precision of one setting, as TIDE computes it, with some of the errors corrected. */
import { orderByScore } from '../eval/order-by-score.js'

/** Recalls at which the precision is read off: 0, 0.01, …, 1. */
const RECALLS = 101

/** One category's detections in the order in which equal scores are kept, and the number of its objects. */
interface Points {
  scores: number[]
  correct: boolean[]
  objects: number
}

/** The decisions of all categories. */
export class ErrorPoints {
  private readonly categories = new Map<number, Points>()

  add(category: number, score: number, correct: boolean): void {
    const { scores, correct: decisions } = this.of(category)
    scores.push(score)
    decisions.push(correct)
  }

  addObjects(category: number, count: number): void {
    this.of(category).objects += count
  }

  /** Calls `visit` for the true positives, in the order in which they were added. */
  forCorrect(visit: (category: number, score: number) => void): void {
    for (const [category, { scores, correct }] of this.categories)
      for (let i = 0; i < scores.length; i++) if (correct[i]) visit(category, scores[i])
  }

  /** Points of the same categories and objects, without detections. */
  emptied(): ErrorPoints {
    const empty = new ErrorPoints()
    for (const [category, { objects }] of this.categories) empty.addObjects(category, objects)
    return empty
  }

  /** Mean over the categories that have objects or detections; −1 if there are none. */
  meanAp(): number {
    const used = [...this.categories.values()].filter(
      ({ objects, scores }) => objects > 0 || scores.length > 0,
    )
    if (used.length === 0) return -1
    return used.reduce((sum, points) => sum + averagePrecision(points), 0) / used.length
  }

  private of(category: number): Points {
    let points = this.categories.get(category)
    if (points === undefined) {
      points = { scores: [], correct: [], objects: 0 }
      this.categories.set(category, points)
    }
    return points
  }
}

function averagePrecision({ scores, correct, objects }: Points): number {
  if (objects <= 0) return 0
  // At true positives alone: recall only grows, and precision only peaks, there.
  const precision: number[] = []
  let rank = 0
  for (const d of orderByScore(Float64Array.from(scores))) {
    rank++
    if (correct[d]) precision.push((precision.length + 1) / rank)
  }
  for (let i = precision.length - 1; i > 0; i--)
    if (precision[i] > precision[i - 1]) precision[i - 1] = precision[i]
  let sum = 0
  let i = 0
  for (let r = 0; r < RECALLS; r++) {
    while (i < precision.length && (i + 1) / objects < r / (RECALLS - 1)) i++
    sum += i < precision.length ? precision[i] : 0
  }
  return sum / RECALLS
}
