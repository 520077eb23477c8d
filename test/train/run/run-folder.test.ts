import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import {
  chmod,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { UserError } from '../../../src/shared/errors.js'
import { cardFromMetadata, cardToMetadata } from '../../../src/shared/model-card.js'
import type { RunConfig } from '../../../src/train/classification/config.js'
import { detectorCard } from '../../../src/train/detection/card.js'
import type { DetectorRunConfig } from '../../../src/train/detection/config.js'
import type { Checkpoint } from '../../../src/train/run/checkpoint.js'
import { metricsPath, newestCheckpoint } from '../../../src/train/run/run-folder.js'
import { createRun, readConfig, readDetectorConfig, readRows, resumeRun } from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { redConfig } from '../../helpers/train/detection/red-scenes.js'
import { colourConfig } from '../../helpers/train/linear-step.js'

const config = colourConfig()
const checkpoint = (step: number): Checkpoint => ({
  step,
  seconds: step / 2,
  layout: [
    { path: 'stem/weights', shape: [2, 3], vector: 'parameters', offset: 0, size: 6 },
    { path: 'dense/bias', shape: [2], vector: 'parameters', offset: 6, size: 2 },
    { path: 'stem/mean', shape: [3], vector: 'statistics', offset: 0, size: 3 },
  ],
  state: {
    parameters: Float32Array.from({ length: 8 }, (_, i) => i + step),
    statistics: Float32Array.of(1, 2, 3),
    momentum: Float32Array.from({ length: 8 }, (_, i) => -i),
    averageStatistics: Float32Array.of(4, 5, 6),
    steps: Float32Array.of(step),
  },
})

/** A run with checkpoints at these steps, closed again. */
async function runWith(folder: string, steps: number[]): Promise<void> {
  const run = await createRun(folder, config)
  for (const step of steps) await run.save(checkpoint(step))
  await run.close()
}

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

test('tensors in a checkpoint are named by parameter path', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [7])
  const bytes = await readFile(join(folder, 'checkpoint-7.safetensors'))
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE())))
  assert.equal(header.__metadata__.step, '7')
  assert.deepEqual(Object.keys(header).slice(1), [
    'stem/weights',
    'dense/bias',
    'stem/mean',
    'optimizer/momentum/stem/weights',
    'optimizer/momentum/dense/bias',
    'average/stem/mean',
    'state/steps',
  ])
  assert.deepEqual(header['stem/weights'].shape, [2, 3])
})

test('a checkpoint with another step in its header, or under another name, is not gone on from', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5, 10])
  const path = join(folder, 'checkpoint-10.safetensors')
  const whole = await readFile(path)
  const changed = Buffer.from(whole)
  changed.write('12', changed.indexOf('"step":"10"') + '"step":"'.length)
  await writeFile(path, changed)
  const advice = /Checkpoint-5\.safetensors is intact; delete checkpoint-10\.safetensors/
  await assert.rejects(resumeRun(folder), advice)
  await writeFile(path, whole)
  await rename(join(folder, 'checkpoint-5.safetensors'), join(folder, 'checkpoint-15.safetensors'))
  await assert.rejects(
    resumeRun(folder),
    /checkpoint-15\.safetensors is damaged or was renamed: its metadata says step 5/,
  )
})

test('a damaged newest checkpoint is named, with the older good one and how to go on', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5, 10])
  await truncate(join(folder, 'checkpoint-10.safetensors'), 900)
  const expected =
    /checkpoint-10\.safetensors is damaged: it is cut short.*\. Checkpoint-5\.safetensors is intact; delete checkpoint-10\.safetensors to continue from step 5/i
  await assert.rejects(resumeRun(folder), expected)
  await writeFile(join(folder, 'checkpoint-5.safetensors'), '')
  await assert.rejects(newestCheckpoint(folder), /no older checkpoint is intact; delete it to begin again/i)
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

test('a setting that was edited in config.json, or damaged, is told and recorded once', async (t) => {
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

test('a line of metrics that is no row is named', async (t) => {
  const path = join(await temporaryFolder(t), 'metrics.jsonl')
  await writeFile(path, '{"kind":"training","step":1}\nnonsense\n{"kind":"training","step":2}\n')
  await assert.rejects(readRows(path), /metrics.jsonl, line 2 is not a row/)
})

test('two trainings in one folder are refused, in this process', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const run = await createRun(folder, config)
  await assert.rejects(resumeRun(folder), new RegExp(`Process ${process.pid} on .* is training in`))
  await run.close()
  await (await resumeRun(folder)).close()
})

/** A process that opens the run and holds it until it is killed. */
async function holder(folder: string): Promise<ChildProcess> {
  const module = new URL('../../../src/train/tasks.js', import.meta.url).href
  const program = `import { resumeRun } from ${JSON.stringify(module)}
    await resumeRun(${JSON.stringify(folder)})
    console.log('open')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout!, 'data')
  return child
}

test('the lock of another process holds while it lives, and not after it was killed', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5])
  const child = await holder(folder)
  try {
    await assert.rejects(resumeRun(folder), new RegExp(`Process ${child.pid} on `))
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const run = await resumeRun(folder)
  assert.equal(run.checkpoint?.step, 5)
  await run.close()
})

test('the lock of another machine is left for a person to judge, and one that cannot be read is stale', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5])
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: 1, host: 'elsewhere', started: '' }))
  await assert.rejects(resumeRun(folder), /Process 1 on elsewhere is training.*delete .*lock/)
  for (const unreadable of ['', '{"pid":', 'null', '{"pid":-1,"host":"x"}', '\0\0\0\0']) {
    await writeFile(join(folder, 'lock'), unreadable)
    await utimes(join(folder, 'lock'), 1e9, 1e9)
    await (await resumeRun(folder)).close()
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('lock')),
      [],
    )
  }
})

test('a lock left by a process whose number another one has now is taken over', {
  skip: process.platform !== 'linux' && 'only Linux tells when a process started',
}, async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5])
  const child = await holder(folder)
  const lock = JSON.parse(await readFile(join(folder, 'lock'), 'utf8'))
  await writeFile(join(folder, 'lock'), JSON.stringify({ ...lock, started: 'another boot/1' }))
  const run = await resumeRun(folder)
  await run.close()
  child.kill('SIGKILL')
})

test('a folder without write permission is refused in a plain sentence', {
  skip: process.getuid?.() === 0 && 'root may write everywhere',
}, async (t) => {
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o555)
  await assert.rejects(createRun(join(folder, 'run'), config), /Cannot create .*run: there is no permission/)
})

/** Mounts 64 KiB of memory as a disk; false where that is not allowed. */
function mountSmallDisk(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('a run that a full disk refuses leaves nothing, and can be begun once there is room', async (t) => {
  const folder = await temporaryFolder(t)
  if (!mountSmallDisk(folder)) return t.skip('mounting a small disk needs root')
  try {
    const fill = await open(join(folder, 'fill'), 'w')
    await assert.rejects(async () => {
      for (;;) await fill.write(Buffer.alloc(4096))
    }, /ENOSPC/)
    await fill.close()
    await assert.rejects(createRun(join(folder, 'run'), config), /Cannot (create|write) .*: the disk is full/)
    assert.deepEqual(await readdir(folder), ['fill'])
    await rm(join(folder, 'fill'))
    await runWith(join(folder, 'run'), [5])
  } finally {
    execFileSync('umount', [folder])
  }
})

test('a full disk is told in a plain sentence, and the checkpoints that were there stay whole', async (t) => {
  const folder = await temporaryFolder(t)
  if (!mountSmallDisk(folder)) return t.skip('mounting a small disk needs root')
  try {
    await runWith(join(folder, 'run'), [5])
    const run = await resumeRun(join(folder, 'run'))
    const large = checkpoint(10)
    large.state.momentum = new Float32Array(100_000)
    await assert.rejects(run.save(large), /Cannot write .*checkpoint-10.safetensors: the disk is full/)
    await run.close()
    assert.deepEqual((await readdir(join(folder, 'run'))).sort(), [
      'checkpoint-5.safetensors',
      'config.json',
      'metrics.jsonl',
    ])
    assert.deepEqual(await newestCheckpoint(join(folder, 'run')), checkpoint(5))
  } finally {
    execFileSync('umount', [folder])
  }
})
