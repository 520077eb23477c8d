/** Settings and data of a run that is resumed. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { RunConfig } from '../../../src/train/classification/config.js'
import { metricsPath } from '../../../src/train/run/run-folder.js'
import { createRun, readConfig, readRows, resumeRun } from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { checkpoint, config, runWith } from '../../helpers/train/small-run.js'

test('settings changed on resuming are recorded in the metrics and in the config', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5])
  const run = await resumeRun(folder, { ...config, weightDecay: 0.25 })
  await run.close()
  assert.equal((await readConfig(folder)).weightDecay, 0.25)
  assert.deepEqual(await readRows(metricsPath(folder)), [
    { kind: 'change', step: 5, settings: { weightDecay: [config.weightDecay, 0.25] } },
  ])
})

test('settings that the state depends on cannot change', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5])
  const { model, data } = config
  const changes: [Partial<RunConfig>, RegExp][] = [
    [{ batchSize: 16 }, /cannot change its batchSize/],
    [{ model: { ...model, filters: 99 }, seed: 9 }, /cannot change its model and seed/],
    [{ model: { ...model, stridedPools: 'keras' } }, /cannot change its model/],
    [{ averageDecay: 0.9 }, /cannot change its averageDecay/],
    [{ auxiliaryWeight: 0.4 }, /cannot change its auxiliaryWeight/],
    [
      { optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-8 } },
      /cannot change its optimizer.kind/,
    ],
    [{ data: { ...data, name: 'embedded' } }, /cannot change its data/],
  ]
  for (const [change, message] of changes)
    await assert.rejects(resumeRun(folder, { ...config, ...change }), message)
  await (await resumeRun(folder, { ...config, data: { ...data, folder: 'elsewhere' } })).close()
})

test('a setting that was edited in config.json, or damaged, is reported and recorded once', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5])
  const path = join(folder, 'config.json')
  await writeFile(
    path,
    JSON.stringify({ ...config, weightDecay: 0.25, data: { ...config.data, folder: '/x' } }),
  )
  const run = await resumeRun(folder)
  assert.equal(run.config.weightDecay, 0.25)
  assert.deepEqual(run.edited, [
    `${path} was edited or is damaged: checkpoint-5.safetensors was trained with "weightDecay" ${config.weightDecay}, and now it is 0.25`,
  ])
  await run.close()
  const change = { kind: 'change', step: 5, settings: { weightDecay: [config.weightDecay, 0.25] } }
  assert.deepEqual(await readRows(metricsPath(folder)), [change])
  const again = await resumeRun(folder, { ...config, weightDecay: 0.25, clipNorm: 3 })
  assert.deepEqual(again.edited, [])
  await again.close()
  // Nor is what a resumption before changed by its flags.
  const third = await resumeRun(folder)
  assert.deepEqual(third.edited, [])
  await third.close()

  await writeFile(path, JSON.stringify({ ...config, seed: config.seed + 4 }))
  await assert.rejects(
    resumeRun(folder),
    new RegExp(
      `${path} is not what its checkpoint was trained with; .* put .*"seed": ${config.seed}\\b.* cannot change its seed`,
    ),
  )
})

test('a config that says what another leaves out is not an edited one', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5])
  const explicit = { ...config, model: { ...config.model, stridedPools: 'slim' } }
  await writeFile(join(folder, 'config.json'), JSON.stringify(explicit))
  const run = await resumeRun(folder)
  assert.deepEqual(run.edited, [])
  await run.close()
  assert.deepEqual(await readRows(metricsPath(folder)), [])
})

test('a run without a checkpoint begins anew with any settings', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [])
  const changed = { ...config, batchSize: 16, seed: 9 }
  const run = await resumeRun(folder, changed)
  assert.equal(run.checkpoint, null)
  // It was there before this process: it stays, whatever becomes of it.
  assert.equal(await run.discardUntrained(), false)
  await run.close()
  assert.deepEqual(await readConfig(folder), changed)
})

test('images may lie elsewhere on resuming, but they must be the same', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const fingerprint = (files: number) => ({
    train: { files, bytes: 100 * files, names: `names ${files}`, contents: `contents ${files}` },
  })
  const at = (name: string, files?: number): RunConfig => ({
    ...config,
    data: { ...config.data, name, ...(files !== undefined && { fingerprint: fingerprint(files) }) },
  })
  const begun = await createRun(folder, at('/data/photos', 5))
  await begun.save(checkpoint(5))
  await begun.close()
  await (await resumeRun(folder, at('/mnt/photos', 5))).close()
  assert.equal((await readConfig(folder)).data.name, '/mnt/photos')
  await assert.rejects(
    resumeRun(folder, at('/mnt/photos', 4)),
    /^UserError: \/mnt\/photos is not the same data as at the start: 1 train image is missing \(4 instead of 5\)/,
  )
  await assert.rejects(resumeRun(folder, at('embedded', 5)), /cannot change its data/)
})
