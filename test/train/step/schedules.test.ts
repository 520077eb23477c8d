import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LearningRateConfig, LengthConfig } from '../../../src/train/settings/config.js'
import { learningRateAt, progressAt, totalSteps } from '../../../src/train/step/schedules.js'

const epochs: LengthConfig = { kind: 'epochs', amount: 10 }
const at = (step: number, seconds = 0) => ({ step, stepsPerEpoch: 100, seconds })
const rate = (schedule: LearningRateConfig, step: number): number =>
  learningRateAt(schedule, epochs, at(step))
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual}, not ${expected}`)

test('progress counts steps, or seconds under a time budget', () => {
  assert.equal(totalSteps(epochs, 100), 1000)
  assert.equal(totalSteps({ kind: 'steps', amount: 7 }, 100), 7)
  assert.equal(totalSteps({ kind: 'seconds', amount: 7 }, 100), Number.POSITIVE_INFINITY)
  near(progressAt(epochs, at(250)), 0.25)
  near(progressAt({ kind: 'seconds', amount: 40 }, at(0, 10)), 0.25)
  assert.equal(progressAt({ kind: 'seconds', amount: 40 }, at(0, 100)), 1)
})

test('cosine falls from the peak through its half to 0', () => {
  const schedule: LearningRateConfig = { kind: 'cosine', peak: 0.1, warmup: 0 }
  near(rate(schedule, 0), 0.1)
  near(rate(schedule, 250), 0.1 * (0.5 + Math.SQRT1_2 / 2))
  near(rate(schedule, 500), 0.05)
  near(rate(schedule, 1000), 0)
})

test('warmup grows linearly over its epochs and never starts at 0', () => {
  const schedule: LearningRateConfig = { kind: 'constant', peak: 0.1, warmup: 0.5 }
  near(rate(schedule, 0), 0.1 / 50)
  near(rate(schedule, 24), 0.05)
  near(rate(schedule, 49), 0.1)
  near(rate(schedule, 400), 0.1)
})

test('exponential decay falls in steps of 2.4 epochs', () => {
  const schedule: LearningRateConfig = {
    kind: 'exponential',
    peak: 1,
    warmup: 0,
    rate: 0.97,
    everyEpochs: 2.4,
  }
  near(rate(schedule, 239), 1)
  near(rate(schedule, 240), 0.97)
  near(rate(schedule, 480), 0.97 ** 2)
})

test('a step schedule falls when each of its steps is reached', () => {
  const schedule: LearningRateConfig = { kind: 'step', peak: 1, warmup: 0, rate: 0.1, at: [300, 500] }
  near(rate(schedule, 299), 1)
  near(rate(schedule, 300), 0.1)
  near(rate(schedule, 499), 0.1)
  near(rate(schedule, 500), 0.01)
})

test('one-cycle rises to its peak and falls to 0', () => {
  const schedule: LearningRateConfig = { kind: 'one-cycle', peak: 0.5, rise: 0.3 }
  near(rate(schedule, 0), 0.02)
  near(rate(schedule, 150), 0.26)
  near(rate(schedule, 300), 0.5)
  near(rate(schedule, 650), 0.25)
  near(rate(schedule, 1000), 0)
  near(rate({ ...schedule, rise: 0 }, 0), 0.5)
})
