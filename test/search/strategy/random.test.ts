import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkDecisions, paperSpace } from '../../../src/search/space/space.js'
import { randomSearch } from '../../../src/search/strategy/random.js'

test('proposal i depends on the seed and i alone', async () => {
  const [quiet, told, other] = [
    randomSearch(paperSpace, 1),
    randomSearch(paperSpace, 1),
    randomSearch(paperSpace, 2),
  ]
  const seen = new Set<string>()
  for (let i = 0; i < 20; i++) {
    const decisions = await quiet.ask()
    checkDecisions(paperSpace, decisions)
    assert.deepEqual(await told.ask(), decisions)
    await told.tell(decisions, i / 20)
    assert.notDeepEqual(await other.ask(), decisions)
    seen.add(decisions.join())
  }
  assert.equal(seen.size, 20)
  assert.deepEqual(told.figures(), {})
  await told.close()
})
