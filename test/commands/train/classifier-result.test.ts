import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ClassifierResult,
  chanceOf,
  describeResult,
  lowAccuracyNote,
} from '../../../src/commands/train/classifier-result.js'
import { expectedDuration } from '../../../src/commands/train/expected-duration.js'

const result = (top1: number, chance = 0.25): ClassifierResult => ({
  ...{ run: 'runs/a', finished: true, steps: 300, seconds: 10, model: 'runs/a/model.onnx', chance },
  validation: { top1, top5: 1, loss: 1, images: 40, epoch: 12 },
})

test('the end tells accuracy, chance level and the next commands', () => {
  assert.equal(
    describeResult(result(0.75), { keep: 'best' }),
    'Trained 300 steps, the best after epoch 12.0: accuracy 75.0 % on 40 validation images (chance level 25.0 %); ' +
      'the model is runs/a/model.onnx\nNext: toolkit evaluate runs/a, or toolkit serve runs/a/model.onnx',
  )
  assert.match(
    describeResult({ ...result(0.75), validation: null, chance: null }, {}),
    /^Trained 300 steps; the model is runs\/a\/model\.onnx\nNext: toolkit serve .*; toolkit evaluate runs\/a --data FOLDER/,
  )
})

test('the chance level is the share of the most frequent class', () => {
  assert.equal(chanceOf({ labels: Int32Array.of(0, 1, 1, 2), classes: ['a', 'b', 'c'] }), 0.5)
})

test('an accuracy that may be one of chance is told with its likely reasons', () => {
  const train = { count: 120, classes: ['a', 'b', 'c'] }
  assert.equal(lowAccuracyNote(result(0.5), {}, train), undefined)
  assert.equal(
    lowAccuracyNote(result(0.3), {}, train),
    'The classifier is not measurably better than chance. Likely reasons: it began with random weights (begin with trained ' +
      'ones: --init RUN); 40 images of a class to learn from; few steps: 300 (train on: --resume runs/a --steps 1000)',
  )
  assert.match(
    lowAccuracyNote(result(1, 1), {}, train)!,
    /reasons: the validation images are of one class alone/,
  )
  const long = { ...result(0.3), steps: 5000 }
  assert.match(
    lowAccuracyNote(long, { init: 'run' }, { ...train, count: 3000 })!,
    /"toolkit datasets preview"/,
  )
})

test('the duration is expected from the time of a step', () => {
  const timed = { images: 160, imagesPerStep: 16, secondsPerStep: 0.2, before: { step: 100, seconds: 40 } }
  assert.equal(
    expectedDuration({ ...timed, length: { kind: 'epochs', amount: 150 } }),
    'Expected duration: 5 min at 80.0 images/s, without evaluations',
  )
  assert.equal(
    expectedDuration({ ...timed, length: { kind: 'seconds', amount: 100 } }),
    'Expected: about 300 steps (30 epochs) at 80.0 images/s',
  )
})
