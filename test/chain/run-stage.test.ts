import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planOf } from '../../src/chain/plan.js'
import { runStage, StageFailed } from '../../src/chain/run-stage.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const orderIn = (folder: string) => ({ folder, plan: planOf(2), seconds: 1 })
const quiet = { onNews: () => {} }

test('a stage without what the one before hands on fails in one sentence', async (t) => {
  const folder = await temporaryFolder(t)
  await assert.rejects(
    runStage('classifier', orderIn(folder), { ...quiet, signal: new AbortController().signal }),
    (error) => {
      assert.ok(error instanceof StageFailed)
      assert.match(error.message, /genotype\.json is missing, the best cells of the search/)
      return true
    },
  )
})

test('a stage that is stopped before it has anything hands on nothing', async (t) => {
  const folder = await temporaryFolder(t)
  const stopped = AbortSignal.abort()
  assert.equal(await runStage('search', orderIn(folder), { ...quiet, signal: stopped }), null)
  const soon = new AbortController()
  const running = runStage('search', orderIn(folder), { ...quiet, signal: soon.signal })
  soon.abort()
  assert.equal(await running, null)
})
