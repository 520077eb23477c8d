import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { UserError } from '../../../src/shared/errors.js'
import { cardFromMetadata, cardToMetadata } from '../../../src/shared/model-card.js'
import type { RunConfig } from '../../../src/train/classification/config.js'
import { detectorCard } from '../../../src/train/detection/card.js'
import type { DetectorRunConfig } from '../../../src/train/detection/config.js'
import { newestCheckpoint } from '../../../src/train/run/run-folder.js'
import { createRun, readConfig, readDetectorConfig, readRows, resumeRun } from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { redConfig } from '../../helpers/train/detection/red-scenes.js'
import { checkpoint, config, runWith } from '../../helpers/train/small-run.js'

test('config and state come back as they were saved, and the newest two checkpoints are kept', async (t) => {
  const folder = join(await temporaryFolder(t), 'a', 'run')
  await runWith(folder, [5, 10, 100])
  assert.deepEqual((await readdir(folder)).sort(), [
    'checkpoint-10.safetensors',
    'checkpoint-100.safetensors',
    'config.json',
  ])
  assert.deepEqual(await readConfig(folder), config)
  const run = await resumeRun(folder)
  assert.deepEqual(run.checkpoint, checkpoint(100))
  await run.close()
})

test('a config that could not be read again is refused, and leaves nothing behind', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const refused = (config: RunConfig | DetectorRunConfig, message: RegExp): Promise<void> =>
    assert.rejects(
      createRun(folder, config),
      (error) => error instanceof UserError && message.test(error.message),
    )
  const { data } = config
  await refused(
    { ...config, data: { ...data, classes: ['cat', ''] } },
    /^The run cannot be created, because its config could not be read again: "data\.classes\[1\]" is "", but must be a text/,
  )
  await refused({ ...config, weightDecay: Number.NaN }, /"weightDecay" is null, but must be a number/)
  const detector = redConfig()
  const named = (name: unknown): DetectorRunConfig => ({
    ...detector,
    data: { ...detector.data, categories: [{ id: 1, name: name as string }] },
  })
  for (const name of [7, null, '', undefined, true])
    await refused(named(name), /"data\.categories\[0\]\.name" is .*, but must be a text that is not empty/)
  assert.equal(existsSync(folder), false)

  await runWith(folder, [5])
  const before = await readFile(join(folder, 'config.json'), 'utf8')
  await assert.rejects(resumeRun(folder, { ...config, weightDecay: Number.NaN }), /could not be read again/)
  assert.equal(await readFile(join(folder, 'config.json'), 'utf8'), before)

  const odd = await createRun(join(folder, 'odd'), named('a\n"b"\u2028 \ud800'.padEnd(5000, 'c')))
  assert.deepEqual(await readDetectorConfig(odd.folder), odd.config)
  assert.deepEqual(
    cardFromMetadata(cardToMetadata(detectorCard(odd.config, 0))),
    JSON.parse(JSON.stringify(detectorCard(odd.config, 0))),
  )
  await odd.close()
})

test('a folder that holds a run is not overwritten, and one that holds none is not resumed', async (t) => {
  const folder = await temporaryFolder(t)
  await runWith(join(folder, 'run'), [5])
  await assert.rejects(createRun(join(folder, 'run'), config), /holds a run already; continue it \(--resume/)
  await assert.rejects(resumeRun(folder), /is not the folder of a run: it has no config.json/)
  await assert.rejects(resumeRun(join(folder, 'none')), /is not the folder of a run/)
  await mkdir(join(folder, 'bad'))
  await writeFile(join(folder, 'bad', 'config.json'), '{"batchSize": 3')
  await assert.rejects(resumeRun(join(folder, 'bad')), /bad\/config.json is not JSON/)
  await writeFile(join(folder, 'bad', 'config.json'), JSON.stringify({ ...config, batchSize: -3 }))
  await assert.rejects(resumeRun(join(folder, 'bad')), /bad\/config.json: "batchSize" is -3/)
})

test('a run that ends before a trained step is saved leaves nothing behind, and nothing of others is removed', async (t) => {
  const base = await temporaryFolder(t)
  const folder = join(base, 'run')
  for (const steps of [[], [0]]) {
    const run = await createRun(folder, config)
    for (const step of steps) await run.save(checkpoint(step))
    await run.append({ kind: 'change', step: 1, settings: {} })
    assert.equal(await run.discardUntrained(), true)
    await run.close()
    assert.deepEqual(await readdir(base), [])
  }
  await mkdir(folder)
  const empty = await createRun(folder, config)
  await empty.discardUntrained()
  await empty.close()
  assert.deepEqual(await readdir(folder), [])

  const others = ['metrics.jsonl', 'notes.txt']
  for (const name of others) await writeFile(join(folder, name), name)
  const beside = await createRun(folder, config)
  await beside.append({ kind: 'change', step: 1, settings: {} })
  assert.equal(await beside.discardUntrained(), true)
  await beside.close()
  assert.deepEqual((await readdir(folder)).sort(), others)

  await rm(join(folder, 'metrics.jsonl'))
  const trained = await createRun(folder, config)
  await trained.save(checkpoint(1))
  assert.equal(await trained.discardUntrained(), false)
  await trained.close()
  assert.equal((await newestCheckpoint(folder))?.step, 1)
})

test('a line of metrics that is no row is named', async (t) => {
  const path = join(await temporaryFolder(t), 'metrics.jsonl')
  await writeFile(path, '{"kind":"training","step":1}\nnonsense\n{"kind":"training","step":2}\n')
  await assert.rejects(readRows(path), /metrics.jsonl, line 2 is not a row/)
})

test('a folder of further files belongs to a new run, and goes with it', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const fill = (place: string): Promise<void> => writeFile(join(place, 'train.json'), '{}')
  const full = async (): Promise<void> => {
    throw new UserError('The disk is full')
  }
  await assert.rejects(createRun(folder, config, { name: 'lists', fill: full }), /The disk is full/)
  assert.equal(existsSync(folder), false)
  const run = await createRun(folder, config, { name: 'lists', fill })
  assert.deepEqual(await readdir(join(folder, 'lists')), ['train.json'])
  assert.equal(await run.discardUntrained(), true)
  await run.close()
  assert.equal(existsSync(folder), false)

  await mkdir(join(folder, 'lists'), { recursive: true })
  await writeFile(join(folder, 'lists', 'mine'), '')
  await assert.rejects(createRun(folder, config, { name: 'lists', fill }), /lists is in the way of the run/)
  assert.deepEqual(await readdir(folder, { recursive: true }), ['lists', join('lists', 'mine')])
})
