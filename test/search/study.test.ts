/** A search as a program runs it: no command line, no output. */
import assert from 'node:assert/strict'
import { readdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { StudyEvents } from '../../src/search/course.js'
import { createSearch, resumeSearch } from '../../src/search/create-study.js'
import { readJournal } from '../../src/search/journal/read-journal.js'
import type { SearchSettings } from '../../src/search/settings.js'
import type { Study } from '../../src/search/study.js'
import { paintImages } from '../helpers/commands/painted-images.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const options = { processes: 1, threads: 1 }

async function settingsFor(t: TestContext): Promise<SearchSettings & { data: string }> {
  const data = join(await temporaryFolder(t), 'images')
  await paintImages(data, 16)
  return {
    ...{ data, strategy: 'random', evaluator: 'train', blocks: 1 },
    ...{ trainImages: 8, validationImages: 8, batchSize: 8, steps: 1 },
    ...{ budget: { kind: 'children', amount: 2 }, top: 1, retrainEpochs: 1, retrainImages: 8 },
  }
}

/** The names of what a study emits, from now on. */
function emitted(study: Study): (keyof StudyEvents)[] {
  const names: (keyof StudyEvents)[] = []
  for (const name of ['start', 'warmUp', 'search', 'child', 'searched', 'retrain', 'retrained'] as const)
    study.on(name, () => names.push(name))
  return names
}

test('a study emits what happens, returns the best with its genotype, and keeps everything in its folder', async (t) => {
  const settings = await settingsFor(t)
  const folder = join(await temporaryFolder(t), 'mine')
  const study = await createSearch(settings, folder, options)
  t.after(() => study.close())
  const names = emitted(study)
  await assert.rejects(resumeSearch(folder), { name: 'UserError', message: /wait for it or stop it/ })

  const { finished, best, comparison } = await study.run()
  assert.deepEqual([finished, comparison], [true, null])
  assert.deepEqual(names, ['start', 'search', 'child', 'child', 'searched', 'retrain', 'retrained'])
  assert.deepEqual(await readJournal(join(folder, 'journal.jsonl')), study.events)
  const [{ id, genotype, reward, longer }] = best
  const told = study.events.filter((event) => event.kind === 'told')
  assert.equal(reward, Math.max(...told.map((event) => event.reward)))
  assert.equal(longer?.id, id)
  assert.deepEqual(genotype, study.genotypeOf(id))
  assert.equal(genotype.name, `${basename(folder)}-${id}`)
  assert.deepEqual(JSON.parse(await readFile(join(folder, 'genotype.json'), 'utf8')), genotype)
  assert.throws(() => study.genotypeOf(2), RangeError)

  // At its end already, it only answers again.
  names.length = 0
  assert.deepEqual((await study.run()).best, best)
  assert.deepEqual(names, ['start', 'search', 'searched'])
  await study.close()
  await assert.rejects(study.run(), /study is closed/)

  const more = await resumeSearch(folder, { budget: { kind: 'children', amount: 3 } }, options)
  t.after(() => more.close())
  assert.equal(more.events.length, study.events.length)
  let children = 0
  more.on('search', (before) => assert.equal(before.told, 2)).on('child', () => children++)
  assert.equal((await more.run()).finished, true)
  assert.equal(children, 1)
})

test('a study that is stopped, or closed in the middle, can be run on', async (t) => {
  const settings = await settingsFor(t)
  const folder = await temporaryFolder(t)
  const study = await createSearch({ ...settings, top: 0 }, folder, options)
  t.after(() => study.close())
  const stop = new AbortController()
  study.once('child', () => stop.abort())
  const stopped = await study.run({ signal: stop.signal })
  assert.equal(stopped.finished, false)
  assert.deepEqual(
    stopped.best.map(({ id }) => id),
    [0],
  )
  assert.deepEqual(
    JSON.parse(await readFile(join(folder, 'genotype.json'), 'utf8')),
    stopped.best[0].genotype,
  )
  assert.equal((await study.run({ signal: AbortSignal.abort() })).finished, false)

  const searching = new Promise<void>((resolve) => study.once('search', () => resolve()))
  const running = study.run()
  await assert.rejects(study.run(), /study is running/)
  await searching
  await study.close()
  assert.equal((await running).finished, false)
  assert.ok(!(await readdir(folder)).includes('lock'))

  const resumed = await resumeSearch(folder, {}, options)
  t.after(() => resumed.close())
  assert.equal((await resumed.run()).finished, true)
  const told = resumed.events.filter((event) => event.kind === 'told')
  assert.deepEqual(
    told.map(({ result }) => result.id),
    [0, 1],
  )
})

test('the longer training can be skipped, also of a search that was stopped in it, and asked for again', async (t) => {
  const settings = await settingsFor(t)
  const folder = await temporaryFolder(t)
  const study = await createSearch({ ...settings, top: 2 }, folder, options)
  t.after(() => study.close())
  const stop = new AbortController()
  study.on('retrain', () => stop.abort())
  assert.equal((await study.run({ signal: stop.signal })).finished, false)
  await study.close()

  const skipping = await resumeSearch(folder, { top: 0, checkRanks: 0 }, options)
  t.after(() => skipping.close())
  skipping.on('retrain', () => assert.fail('nothing is to be trained longer'))
  const { finished, best } = await skipping.run()
  await skipping.close()
  assert.deepEqual([finished, best.length, best[0].longer], [true, 1, null])
  assert.deepEqual(JSON.parse(await readFile(join(folder, 'genotype.json'), 'utf8')), best[0].genotype)

  const longer = await resumeSearch(folder, { top: 1 }, options)
  t.after(() => longer.close())
  const [again] = (await longer.run()).best
  assert.equal(again.longer?.id, best[0].id)
})

test('a search without longer training cannot be resumed with some', async (t) => {
  const folder = await temporaryFolder(t)
  const study = await createSearch({ ...(await settingsFor(t)), top: 0 }, folder, options)
  await study.close()
  await assert.rejects(resumeSearch(folder, { top: 2 }, options), {
    name: 'UserError',
    message: /was begun without longer training/,
  })
  const resumed = await resumeSearch(folder, { top: 0 }, options)
  await resumed.close()
})

test('a new study that cannot evaluate any child leaves nothing behind', async (t) => {
  const settings = await settingsFor(t)
  const parent = await temporaryFolder(t)
  await assert.rejects(createSearch({ ...settings, data: 'no/such' }, join(parent, 'new'), options), {
    name: 'DatasetError',
  })
  assert.deepEqual(await readdir(parent), [])
  const study = await createSearch(settings, join(parent, 'new'), options)
  await rm(settings.data, { recursive: true })
  await assert.rejects(study.run(), { name: 'UserError' })
  await assert.rejects(study.run(), /study is broken/)
  await study.close()
  assert.deepEqual(await readdir(parent), [])
})

test('a search begun with the config of another has an id of its own', async (t) => {
  const settings = await settingsFor(t)
  const [one, other] = [await temporaryFolder(t), await temporaryFolder(t)]
  const first = await createSearch(settings, one, options)
  await first.close()
  const second = await createSearch(first.config, other, options)
  await second.close()
  assert.notEqual(second.config.id, first.config.id)
  assert.deepEqual({ ...second.config, id: first.config.id }, first.config)
})
