import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import type { JournalEvent } from '../../../src/search/journal/journal.js'
import { drawPage } from '../../../src/search/report/page.js'
import { drawPictures } from '../../../src/search/report/pictures.js'
import { reportStatistics } from '../../../src/search/report/report-statistics.js'
import { readSearchLogs } from '../../../src/search/report/search-log.js'
import { withSearchData } from '../../../src/search/search-data.js'
import { writeFakeSearch } from '../../helpers/search/fake-search.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

test('the page needs nothing beside it, and every drawing is a picture that a renderer can read', async (t) => {
  const folder = await temporaryFolder(t)
  const names = ['ppo <1>', 'ppo-2', 'random-1', 'short']
  await writeFakeSearch(`${folder}/${names[0]}`, { strategy: 'ppo', seed: 1, children: 150, retrained: 5 })
  await writeFakeSearch(`${folder}/${names[1]}`, { strategy: 'ppo', seed: 2, children: 130 })
  await writeFakeSearch(`${folder}/${names[2]}`, { strategy: 'random', seed: 1, children: 140 })
  // As short as a search can be.
  await writeFakeSearch(`${folder}/${names[3]}`, { strategy: 'random', seed: 5, children: 1 })
  const read = (chosen: string[]) => readSearchLogs(chosen.map((name) => `${folder}/${name}`))
  const [failing] = await read(['short'])
  const events = failing.events.map((event): JournalEvent => {
    if (event.kind !== 'told') return event
    const result = { id: event.result.id, worker: 'w', kind: 'failed' as const, reason: 'a < b & c' }
    return { ...event, reward: 0, result }
  })
  const cases = [names.slice(0, 3), names.slice(1, 2), names.slice(3)].map(read)
  for (const logs of [...(await Promise.all(cases)), [{ ...failing, events }]]) {
    const report = reportStatistics(logs, 2)
    const pictures = drawPictures(report)
    const page = drawPage(report, pictures, logs)
    assert.doesNotMatch(page, /NaN|undefined|Infinity|<script|<link|<img/)
    assert.deepEqual(
      [...page.matchAll(/https?:[^"']*/g)]
        .map(([url]) => url)
        .filter((url) => url !== 'http://www.w3.org/2000/svg'),
      [],
    )
    const drawn = Object.values(pictures).flat(2)
    assert.equal(new Set(drawn.map(({ name }) => name)).size, drawn.length)
    for (const { name, svg } of drawn) {
      assert.ok(page.includes(svg), name)
      const { width, height } = await sharp(Buffer.from(svg)).metadata()
      assert.ok(width >= 300 && height >= 150, name)
    }
    for (const { name } of logs)
      assert.ok(page.includes(`<summary>${name.replace('<', '&lt;').replace('>', '&gt;')}<`))
  }
})

test('the page says that a search is not finished, and what guessing reaches', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFakeSearch(folder, { strategy: 'random', seed: 1, children: 40 })
  const [log] = await readSearchLogs([folder])
  const leadOf = (config: typeof log.config): string => {
    const logs = [{ ...log, config: { ...config, retrain: null } }]
    const report = reportStatistics(logs, 1)
    return /<p class="lead">.*<\/p>/.exec(drawPage(report, drawPictures(report), logs))![0]
  }
  const data = (name: string) => withSearchData(log.config, (data) => ({ ...data, name, classes: null }))
  const budget = (amount: number) => ({ kind: 'children' as const, amount })
  assert.match(
    leadOf({ ...data('cifar10'), budget: budget(41) }),
    /Guessing reaches 0\.1000\. <b>The search is not/,
  )
  assert.match(leadOf({ ...data('photos'), budget: budget(40) }), /reward of \d\.\d+\.<\/p>$/)
})
