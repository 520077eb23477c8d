import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ChainFolder, recordPath } from '../../src/chain/chain-folder.js'
import { planOf, USUAL_SECONDS } from '../../src/chain/plan.js'
import { UserError } from '../../src/shared/errors.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const found = { tried: 12, best: 7, accuracy: 0.4 }

test('a chain is found again with its time and what its stages handed on', async (t) => {
  const place = join(await temporaryFolder(t), 'chain')
  const begun = await ChainFolder.open(place, 100)
  assert.deepEqual(begun.plan, planOf(100))
  assert.equal(begun.resultOf('search'), null)
  await begun.note('search', 5, null)
  await begun.note('search', 7, found)
  await begun.close()

  const again = await ChainFolder.open(place)
  assert.deepEqual(again.plan, planOf(100))
  assert.deepEqual(again.resultOf('search'), found)
  assert.equal(again.secondsOf('search'), 12)
  assert.equal(again.resultOf('detector'), null)
  await again.close()
  assert.deepEqual((await readdir(place)).sort(), ['chain.json'])
})

test('without a time, a chain has the usual one', async (t) => {
  const folder = await ChainFolder.open(await temporaryFolder(t))
  assert.equal(folder.plan.seconds, USUAL_SECONDS)
  await folder.close()
})

test('one that began with another time, or that is at work, is refused', async (t) => {
  const place = await temporaryFolder(t)
  const folder = await ChainFolder.open(place, 100)
  await assert.rejects(ChainFolder.open(place), /wait for it or stop it/)
  await folder.close()
  await assert.rejects(ChainFolder.open(place, 200), /began with 100 s, not 200: leave them out/)
  // The refusal has left no lock.
  await (await ChainFolder.open(place, 100)).close()
})

test('a damaged record is named, and stays as it is', async (t) => {
  const place = await temporaryFolder(t)
  await (await ChainFolder.open(place, 100)).close()
  const path = recordPath(place)
  const whole = await readFile(path, 'utf8')
  for (const [text, reason] of [
    [whole.slice(0, 20), /chain\.json is damaged: .*JSON/],
    [whole.replace('100', '-1'), /chain\.json is damaged: "seconds" is -1, but must be a number above 0/],
    [whole.replace('"search"', '"serach"'), /chain\.json is damaged: "stages.serach" is not known/],
  ] as const) {
    await writeFile(path, text)
    await assert.rejects(ChainFolder.open(place), (error) => {
      assert.ok(error instanceof UserError)
      assert.match(error.message, reason)
      assert.match(error.message, /--fresh/)
      return true
    })
    assert.equal(await readFile(path, 'utf8'), text)
  }
})
