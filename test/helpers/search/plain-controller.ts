/** The controller once more, in plain numbers and loops, sharing nothing with the one that it is compared with. */
import type { Controller } from '../../../src/search/strategy/controller.js'

export interface PlainScores {
  /** For each decision, the probabilities of all its options. */
  distributions: number[][]
  logProbabilities: number[]
  /** In nats, summed over decisions. */
  entropy: number
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))

function softmax(logits: number[]): number[] {
  const exponentials = logits.map((logit) => Math.exp(logit - Math.max(...logits)))
  const sum = exponentials.reduce((a, b) => a + b)
  return exponentials.map((value) => value / sum)
}

/** Walks through one architecture; `choose` is asked for each option in turn. */
export function walk(
  { decisions, hidden: H, width, layout }: Controller,
  parameters: Float32Array,
  choose: (distribution: number[], d: number) => number,
): PlainScores {
  const at = Object.fromEntries(layout.slots.map(({ path, offset }) => [path, offset]))
  const largest = (kind: string) =>
    Math.max(0, ...decisions.filter((decision) => decision.kind === kind).map(({ size: options }) => options))
  const [states, operations] = [largest('state'), largest('operation')]
  const begin: Record<string, number> = { state: 1, operation: 1 + states, combine: 1 + states + operations }
  let cell = new Array<number>(H).fill(0)
  let hidden = new Array<number>(H).fill(0)
  let token = 0
  const scores: PlainScores = { distributions: [], logProbabilities: [], entropy: 0 }
  for (const [d, { kind, size: options }] of decisions.entries()) {
    const embedding = Array.from({ length: H }, (_, i) => parameters[at.embeddings + token * H + i])
    const gate = (which: number, unit: number) => {
      const column = which * H + unit
      let sum = parameters[at['lstm/bias'] + column]
      for (let i = 0; i < H; i++) {
        sum += embedding[i] * parameters[at['lstm/input'] + i * 4 * H + column]
        sum += hidden[i] * parameters[at['lstm/recurrent'] + i * 4 * H + column]
      }
      return sum
    }
    const before = cell
    const units = Array.from({ length: H }, (_, unit) => unit)
    cell = units.map((u) => sigmoid(gate(1, u)) * before[u] + sigmoid(gate(0, u)) * Math.tanh(gate(3, u)))
    hidden = units.map((u) => sigmoid(gate(2, u)) * Math.tanh(cell[u]))
    const state = hidden
    const logits = Array.from({ length: options }, (_, k) =>
      units.reduce(
        (sum, u) => sum + state[u] * parameters[at['softmax/weights'] + (d * H + u) * width + k],
        parameters[at['softmax/biases'] + d * width + k],
      ),
    )
    const distribution = softmax(logits)
    const option = choose(distribution, d)
    scores.distributions.push(distribution)
    scores.logProbabilities.push(Math.log(distribution[option]))
    scores.entropy -= distribution.reduce((sum, p) => sum + p * Math.log(p), 0)
    token = begin[kind] + option
  }
  return scores
}
