/** What requests hold together: shared bounds, and bytes that arrive in any pieces. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ByteSink } from '../../serve/byte-sink.js'
import { Budget, type HeldUpload, UploadBudget } from '../../serve/held-bytes.js'

describe('Budget', () => {
  it('gives no more than it has', () => {
    const budget = new Budget(10)
    assert.deepEqual(
      [budget.reserve(6), budget.reserve(5), budget.reserve(4), budget.reserve(1)],
      [true, false, true, false],
    )
    budget.release(6)
    assert.deepEqual([budget.reserve(7), budget.reserve(6)], [false, true])
  })
})

describe('UploadBudget', () => {
  it('lets the unfinished upload that was silent longest give way', () => {
    const budget = new UploadBudget(10)
    const gone: string[] = []
    const open = (name: string) =>
      budget.open(({ status, detail }) => {
        assert.equal(status, 503)
        assert.match(detail, /too many uploads/)
        gone.push(name)
      })
    const [a, b, c] = ['a', 'b', 'c'].map(open)
    a.add(4)
    b.add(4)
    a.add(1)
    c.add(2)
    assert.deepEqual(gone, ['b'])
    // 7 are held. Of finished ones none gives way, so the newcomer must.
    a.complete()
    c.complete()
    const d = open('d')
    d.add(3)
    d.add(1)
    assert.deepEqual(gone, ['b', 'd'])
    a.release()
    a.release()
    const e = open('e')
    e.add(8)
    assert.deepEqual(gone, ['b', 'd'])
  })

  it('never holds more than its bound, and gives everything back', () => {
    const step = fc.record({
      upload: fc.nat(5),
      act: fc.constantFrom('add', 'add', 'add', 'complete', 'release'),
      bytes: fc.integer({ min: 1, max: 40 }),
    })
    const property = fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const budget = new UploadBudget(100)
      const held = new Map<number, number>()
      const uploads = new Map<number, HeldUpload>()
      for (const { upload: id, act, bytes } of steps) {
        if (!uploads.has(id))
          uploads.set(
            id,
            budget.open(() => held.delete(id) && uploads.delete(id)),
          )
        const upload = uploads.get(id)!
        if (act === 'release') {
          upload.release()
          held.delete(id)
          uploads.delete(id)
        } else if (act === 'complete') upload.complete()
        else {
          held.set(id, (held.get(id) ?? 0) + bytes)
          upload.add(bytes)
        }
        const sum = [...held.values()].reduce((a, b) => a + b, 0)
        assert.ok(sum <= 100, `${sum} bytes`)
      }
      for (const upload of uploads.values()) upload.release()
      let refused = false
      budget
        .open(() => {
          refused = true
        })
        .add(100)
      assert.equal(refused, false)
    })
    fc.assert(property, { numRuns: 300 })
  })
})

describe('ByteSink', () => {
  it('gathers what was added, however it was announced and cut', () => {
    const property = fc.property(
      fc.array(fc.uint8Array({ maxLength: 3000 })),
      fc.nat(9000),
      (pieces, expected) => {
        const sink = new ByteSink(expected)
        for (const piece of pieces) {
          sink.add(piece)
        }
        assert.deepEqual(sink.bytes(), Buffer.concat(pieces))
        assert.equal(sink.length, sink.bytes().length)
      },
    )
    fc.assert(property, { numRuns: 200 })
  })
})
