import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDuration } from '../../../src/shared/text.js'
import { type ClassifierMetrics, classifierFormatter } from '../../../src/train/classification/metrics.js'
import type { StepReport } from '../../../src/train/run/loop-types.js'
import { progressLine, showProgress } from '../../../src/train/run/progress.js'

/** Back to the line's start, and clear it. */
const renew = '\r\x1b[2K'

type Report = StepReport<ClassifierMetrics>

const metrics = { loss: 1.5, accuracy: 0.5 }
const report = (step: number, changes: Partial<Report> = {}): Report => ({
  metrics,
  figures: metrics,
  gradientNorm: 1,
  step,
  totalSteps: 1000,
  stepsPerEpoch: 100,
  imagesPerStep: 32,
  learningRate: 0.1,
  progress: step / 1000,
  seconds: step / 10,
  ...changes,
})

/** A stream that remembers, and a clock that a test turns. */
function scene(isTTY: boolean) {
  const written: string[] = []
  const clock = { milliseconds: 0 }
  const stream = { isTTY, columns: 60, write: (text: string) => written.push(text) }
  return { written, clock, progress: showProgress(stream, classifierFormatter, () => clock.milliseconds) }
}

test('durations read naturally', () => {
  const cases = [0.4, 45, 99, 100, 719, 4800, 273_600, Number.POSITIVE_INFINITY]
  const formatter = ['0 s', '45 s', '99 s', '2 min', '12 min', '1 h 20 min', '3 d 4 h', 'unknown time']
  assert.deepEqual(cases.map(formatDuration), formatter)
})

test('a line tells epoch, step, speed, loss, accuracy and the time left', () => {
  const means = { metrics: { loss: 1.2345, accuracy: 0.5612 }, secondsPerStep: 0.1 }
  assert.equal(
    progressLine(report(320), means, classifierFormatter),
    'epoch 3.2/10 · step 320/1000 · 320 images/s · loss 1.234 · accuracy 56.1 % · 68 s left',
  )
  assert.equal(
    progressLine(report(320), means, classifierFormatter, 79),
    'epoch 3.2/10 · 320 images/s · loss 1.234 · accuracy 56.1 % · 68 s left',
  )
  assert.equal(
    progressLine(report(320), means, classifierFormatter, 60),
    'epoch 3.2/10 · 320 images/s · loss 1.234 · 68 s left',
  )
  const timed = report(320, { totalSteps: Number.POSITIVE_INFINITY, progress: 0.25, seconds: 30 })
  assert.match(progressLine(timed, means, classifierFormatter), /^epoch 3\.2 · step 320 · .* · 90 s left$/)
})

test('on a terminal one line renews itself and is cut at its width', () => {
  const { written, clock, progress } = scene(true)
  for (let step = 1; step <= 100; step++) {
    clock.milliseconds += 100
    progress.onStep(report(step))
  }
  assert.equal(written.length, 50)
  for (const text of written) {
    assert.ok(text.startsWith(renew) && !text.includes('\n'))
    assert.ok(text.length - renew.length < 60)
  }
  progress.onEvaluation({
    kind: 'evaluation',
    step: 100,
    epoch: 1,
    seconds: 10,
    loss: 1,
    top1: 0.5,
    top5: 1,
    images: 200,
  })
  assert.equal(written.at(-1), `${renew}epoch 1.0: accuracy 50.0 % and loss 1.000 on 200 validation images\n`)
  progress.onCheck({
    kind: 'check',
    step: 100,
    epoch: 1,
    seconds: 10,
    loss: 1,
    top1: 0.25,
    top5: 1,
    images: 9,
  })
  assert.equal(
    written.at(-1),
    `${renew}epoch 1.0, check: accuracy 25.0 % and loss 1.000 on 9 validation images\n`,
  )
  progress.end()
  assert.equal(written.length, 52, 'nothing is open after a line that stays')
})

test('elsewhere the first step is printed at once, then a plain line every few seconds', () => {
  const { written, clock, progress } = scene(false)
  for (let step = 1; step <= 100; step++) {
    clock.milliseconds += 100
    progress.onStep(report(step))
  }
  assert.equal(written.length, 2)
  for (const text of written) assert.match(text, /^epoch [\w./·% ]*left\n$/)
})
