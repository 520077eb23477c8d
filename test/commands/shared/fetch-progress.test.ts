import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fetchProgress, progressLine } from '../../../src/commands/shared/fetch-progress.js'

describe('the progress line', () => {
  it('tells percent, speed and time left', () => {
    const at = (receivedBytes: number) => ({ receivedBytes, totalBytes: 170_052_171, resumedBytes: 0 })
    assert.equal(progressLine('CIFAR-10', at(0), Number.NaN), 'CIFAR-10  0 %  0.0 of 170.1 MB')
    assert.equal(
      progressLine('CIFAR-10', at(85_026_086), 8.5e6),
      'CIFAR-10  50 %  85.0 of 170.1 MB  8.5 MB/s  11 s left',
    )
    assert.equal(
      progressLine('CIFAR-10', at(1_000_000), 1e5),
      'CIFAR-10  0 %  1.0 of 170.1 MB  0.1 MB/s  28 min left',
    )
  })

  it('tells what has arrived where nobody says how much there is', () => {
    assert.equal(progressLine('weights', { receivedBytes: 43_120_000 }, 1e6), 'weights  43.1 MB')
  })

  it('is written over itself on a terminal, and seldom into a log', () => {
    for (const [isTTY, lines] of [
      [true, 11],
      [false, 1],
    ] as const) {
      let [time, text] = [0, '']
      const texts = { unpack: 'Unpacking …' }
      const out = { isTTY, write: (piece: string) => (text += piece) }
      const progress = fetchProgress('CIFAR-10', texts, out, () => time)
      progress.onStage('download')
      for (; time <= 1000; time += 20)
        progress.onProgress({ receivedBytes: time * 1000, totalBytes: 1e9, resumedBytes: 0 })
      progress.onStage('unpack')
      progress.end()
      assert.equal(text.split('CIFAR-10').length - 1, lines)
      assert.match(text, /\nUnpacking …\n$/)
      if (isTTY) assert.ok(text.includes('\r\x1b[KCIFAR-10  0 %  1.0 of 1000.0 MB  1.0 MB/s'))
      else assert.doesNotMatch(text, /\r/)
    }
  })
})
