/** The paper's strategy: a recurrent controller trained by proximal policy optimization (Zoph et al. 2018, appendix A). */
import { random } from '../../../models/index.js'
import { UserError } from '../../shared/errors.js'
import { validate } from '../../shared/validation.js'
import { type Decisions, decisionSizes, type SearchSpace } from '../space/space.js'
import { controllerOf } from './controller.js'
import { openPolicy, type Proposal } from './policy.js'
import { type PpoOptions, paperController, ppoOptions } from './ppo-options.js'
import type { Strategy } from './strategy.js'

/**
 * Starts a controller for `space`. Its figures: `entropy`, the mean over the latest sampled batch of an architecture's
 * entropy, in nats; `baseline`, 0 before the first reward; `updates`, batches learned.
 *
 * Proposal i is drawn from (seed, 'ask', i) and the parameters at the time it is asked for. Each `batch` answers are
 * learned together, in the order in which they came; a proposal answered after the policy has moved on counts with the
 * probabilities that it was sampled with, which is what PPO's ratio is for. The same calls in the same order give the
 * same proposals, bit for bit, on the same kind of machine.
 *
 * @param options what differs from {@link paperController}
 * @throws UserError that names the option that cannot be
 */
export async function createPpo(
  space: SearchSpace,
  seed: number,
  options: Partial<PpoOptions> = {},
): Promise<Strategy> {
  const settings = validate(ppoOptions, { ...paperController, ...options })
  const decisions = decisionSizes(space)
  const policy = await openPolicy(controllerOf(decisions, settings.hidden), settings, seed)
  const unanswered = proposals()
  const baseline = movingAverage(settings.baselineDecay)
  /** Sampled with the present parameters, in the order in which `ask` returns them. */
  let ready: Proposal[] = []
  let answered: { proposal: Proposal; reward: number }[] = []
  const count = { asked: 0, updates: 0 }
  let entropy = 0

  async function refill(): Promise<void> {
    const uniforms = Array.from({ length: settings.batch }, (_, i) => {
      const { uniform } = random(seed, 'ask', count.asked + i)
      return decisions.map(uniform)
    })
    const sampled = await policy.sample(Float32Array.from(uniforms.flat()))
    ready = sampled.proposals
    entropy = sampled.entropy
  }

  async function update(): Promise<void> {
    const level = baseline.value()
    await policy.learn(
      answered.map(({ proposal }) => proposal),
      Float32Array.from(answered, ({ reward }) => reward - level),
    )
    answered = []
    count.updates++
    await refill()
  }

  const inTurn = queue()
  await refill()
  return {
    ask: () =>
      inTurn(async () => {
        if (ready.length === 0) await refill()
        const proposal = ready.shift()!
        count.asked++
        unanswered.add(proposal)
        return [...proposal.decisions]
      }),
    tell: (taken, reward) =>
      inTurn(async () => {
        if (!Number.isFinite(reward))
          throw new UserError(
            `the reward of architecture ${taken} is ${reward}; tell a finite number, 0 for a child that failed`,
          )
        const proposal = unanswered.take(taken)
        if (proposal === undefined)
          throw new UserError(
            `architecture ${taken} awaits no reward; tell each one that was asked for, and once only`,
          )
        baseline.add(reward)
        answered.push({ proposal, reward })
        if (answered.length === settings.batch) await update()
      }),
    figures: () => ({ entropy, baseline: baseline.value(), updates: count.updates }),
    close: () => inTurn(policy.close),
  }
}

/** Proposals by their decisions; of equal ones the oldest is taken first. */
function proposals() {
  const waiting = new Map<string, Proposal[]>()
  return {
    add(proposal: Proposal): void {
      const key = proposal.decisions.join()
      waiting.set(key, [...(waiting.get(key) ?? []), proposal])
    },
    take(decisions: Decisions): Proposal | undefined {
      const key = decisions.join()
      const [first, ...others] = waiting.get(key) ?? []
      if (others.length > 0) waiting.set(key, others)
      else waiting.delete(key)
      return first
    },
  }
}

/**
 * Exponential moving average whose first values count in full: the sum of decay^(k − i) · value i, divided by the sum
 * of these weights. Started at 0 instead, it would call all of the first architectures good. 0 without any value.
 */
export function movingAverage(decay: number): { add(value: number): void; value(): number } {
  let sum = 0
  let weight = 0
  return {
    add(value) {
      sum = decay * sum + value
      weight = decay * weight + 1
    },
    value: () => (weight === 0 ? 0 : sum / weight),
  }
}

/** Runs one call after the other, so that an `ask` sees what a `tell` before it has learned. */
function queue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work)
    // The caller gets the error; later calls run all the same.
    last = result.catch(() => undefined)
    return result
  }
}
