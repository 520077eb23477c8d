import assert from 'node:assert/strict'
import { beforeEach, describe, it, mock } from 'node:test'
import { StageClock } from '../../src/chain/stage-clock.js'

describe('the clock of a stage', () => {
  beforeEach(() => {
    mock.timers.reset()
    mock.timers.enable({ apis: ['setTimeout'] })
  })

  it('ends a stage that has something to hand on at the end of its time', () => {
    const clock = new StageClock(10)
    clock.hasResult()
    mock.timers.tick(9_999)
    assert.equal(clock.signal.aborted, false)
    mock.timers.tick(1)
    assert.equal(clock.signal.aborted, true)
    assert.equal(clock.isStopped, false)
  })

  it('lets a stage that has nothing go on until it has', () => {
    const clock = new StageClock(10)
    mock.timers.tick(60_000)
    assert.equal(clock.signal.aborted, false)
    clock.hasResult()
    assert.equal(clock.signal.aborted, true)
  })

  it('ends a stage for a person at once, whatever it has', () => {
    const clock = new StageClock(10)
    clock.stop()
    assert.deepEqual([clock.signal.aborted, clock.isStopped], [true, true])
  })

  it('has no effect once the stage is over', () => {
    const clock = new StageClock(10)
    clock.hasResult()
    clock.close()
    mock.timers.tick(60_000)
    assert.equal(clock.signal.aborted, false)
  })
})
