import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { figuresOf } from '../../src/chain/figures.js'
import { planOf } from '../../src/chain/plan.js'
import { chainSearch } from '../../src/chain/search-stage.js'
import { randomDecisions } from '../../src/search/space/genotypes.js'
import { sfc32 } from '../../src/shared/random.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

test('stages that have nothing to show yet show nothing', async (t) => {
  const folder = await temporaryFolder(t)
  for (const stage of ['search', 'classifier', 'detector'] as const)
    assert.deepEqual(await figuresOf(folder, stage), [])
})

test('a search shows its rewards, the best cells, and at work those that are being tried', async (t) => {
  const folder = await temporaryFolder(t)
  const place = join(folder, 'search')
  await mkdir(place)
  const config = chainSearch(planOf(100).search, place)
  await writeFile(join(place, 'search.json'), JSON.stringify(config))
  const asked = [0, 1, 2].map((id) => ({
    ...{ kind: 'asked', id, decisions: randomDecisions(config.space, sfc32(id, 'figures')) },
  }))
  const told = [0.2, 0.3].map((quality, id) => ({
    ...{ kind: 'told', seconds: id + 1, reward: quality, figures: {} },
    result: {
      ...{ kind: 'measured', id, worker: 'one' },
      measured: {
        ...{ quality, parameters: 1, multiplyAdds: 1e7, seconds: { compile: 1, train: 1, measure: 1 } },
      },
    },
  }))
  // The last line is being written.
  await writeFile(join(place, 'journal.jsonl'), `${lines([...asked, ...told])}{"kind":"to`)

  const atWork = await figuresOf(folder, 'search', true)
  assert.deepEqual(
    atWork.map(({ name, caption }) => [name, caption]),
    [
      ['rewards', 'Rewards of 2 children, the best 0.300'],
      ['best', 'The best cells so far: child 1, reward 0.300'],
      ['tried', 'Being tried: the cells of child 2'],
    ],
  )
  for (const { svg } of atWork) assert.match(svg, /^<svg [\s\S]*<\/svg>\n$/)
  // A dot is a line of no length.
  assert.equal(atWork[0].svg.match(/M[\d.]+ [\d.]+h0/g)?.length, 2, 'a dot for each child')
  const after = await figuresOf(folder, 'search')
  assert.deepEqual(
    after.map(({ name }) => name),
    ['rewards', 'best'],
  )
})

test('a training shows its curves as soon as it has a row', async (t) => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'detector'))
  const row = { kind: 'training', step: 5, steps: 5, epoch: 1, seconds: 60, loss: 2 }
  await writeFile(join(folder, 'detector', 'metrics.jsonl'), lines([row]))
  const [curves, ...others] = await figuresOf(folder, 'detector')
  assert.deepEqual(others, [])
  assert.equal(curves.caption, 'Loss and average precision of the detector')
  assert.match(curves.svg, />minutes</)
})
