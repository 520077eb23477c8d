import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openingProgress } from '../../../src/commands/shared/opening-progress.js'

test('the opening of much data is shown, that of little is not', () => {
  const shown: string[] = []
  const progress = openingProgress({ show: (line) => shown.push(line()), end: () => {} })
  progress({ unit: 'bytes', done: 5, total: 10 })
  progress({ unit: 'files', done: 5, total: 10 })
  progress({ unit: 'bytes', done: 36.75e9, total: 147e9 })
  progress({ unit: 'files', done: 50_000, total: 1_281_167 })
  assert.deepEqual(shown, ['shards  25 % of 147.0 GB indexed', 'files  50,000 of 1,281,167 looked at'])
})
