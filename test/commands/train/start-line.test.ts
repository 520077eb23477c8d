import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startLine } from '../../../src/commands/train/start-line.js'

test('what training is about to do, by epochs, steps and seconds', () => {
  const start = {
    ...{ inputSize: [320, 480] as const, parameters: 1234567, images: 81, measured: 20, imagesPerStep: 4 },
  }
  const line = (kind: 'epochs' | 'steps' | 'seconds', amount: number) =>
    startLine({ ...start, length: { kind, amount } })
  const head = 'Input 320 × 480 pixels, 1,234,567 parameters; 81 images to train on, 20 to measure on; '
  assert.equal(line('epochs', 100), `${head}2,000 steps of 4 images (100 epochs)`)
  assert.equal(line('steps', 1), `${head}1 step of 4 images (0.05 epochs)`)
  assert.equal(line('seconds', 1200), `${head}20 min of steps of 4 images`)
})
