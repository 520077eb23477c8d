/** A run killed at any moment loses at most the steps since its checkpoint, and ends as an unbroken one does. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { cp, readdir, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readCheckpoint } from '../../src/train/run/checkpoint.js'
import { paintImages } from '../helpers/commands/painted-images.js'
import { toolkit } from '../helpers/commands/toolkit.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const STEPS = 60
const CHECKPOINT = 10

/** Everything that a resumed run must get right: drop path and dropout draw noise, images grow and are cropped. */
const settings = [
  ...['--data', 'images', '--image-size', '16', '--validation', '8', '--cells', '1', '--filters', '16'],
  ...['--stem-filters', '16', '--batch-size', '4', '--learning-rate', '0.05', '--auxiliary', '0'],
  ...['--drop-path-keep', '0.7', '--dropout', '0.2', '--crop', '2', '--cutout', '4', '--average', '0.9'],
  ...['--resolution', '8@4', '--evaluate-every', '2', '--steps', String(STEPS)],
  ...['--checkpoint-steps', String(CHECKPOINT), '--seed', '7'],
]

/** All of the last checkpoint but the clock. */
async function ending(run: string) {
  const { step, state } = await readCheckpoint(join(run, `checkpoint-${STEPS}.safetensors`))
  const bits = Object.entries(state).map(([name, vector]) => [
    name,
    Buffer.from(vector.buffer).toString('base64'),
  ])
  return { step, ...Object.fromEntries(bits) }
}

/** Loss and accuracy of every step; the clock's columns left out. */
async function rows(run: string) {
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n')
  return lines
    .map((line) => JSON.parse(line))
    .map(({ kind, step, loss, top1 }) => ({ kind, step, loss, top1 }))
}

/** The step of the newest checkpoint in a run's folder; 0 without one. */
async function newest(run: string): Promise<number> {
  const names = await readdir(run).catch(() => [])
  const steps = names.flatMap((name) => /^checkpoint-(\d+)\.safetensors$/.exec(name)?.[1] ?? [])
  return Math.max(0, ...steps.map(Number))
}

/** Kills the process soon after it has saved this step or a later one. */
function killOnceSaved(run: string, step: number): (child: ChildProcess) => void {
  return (child) => {
    const look = setInterval(async () => {
      if ((await newest(run)) < step) return
      clearInterval(look)
      child.kill('SIGKILL')
    }, 20)
    child.on('exit', () => clearInterval(look))
  }
}

test('kill -9 in mid-run: the resumed run ends bit for bit as the unbroken one', async (t) => {
  const cwd = await temporaryFolder(t)
  await paintImages(join(cwd, 'images'))
  const whole = await toolkit(['train-backbone', ...settings, '--out', 'whole'], { cwd })
  assert.equal(whole.code, 0, whole.stderr)

  // Killed three times: before, at about, and after the images grow, each at no particular moment of a step.
  const broken = join(cwd, 'broken')
  for (const [time, after] of [10, 20, 40].entries()) {
    const how = time === 0 ? [...settings, '--out', 'broken'] : ['--resume', 'broken']
    const killed = await toolkit(['train-backbone', ...how], {
      cwd,
      onStart: killOnceSaved(broken, after),
      // However late the kill comes, it comes before the next checkpoint.
      pause: { beforeRename: `checkpoint-${after + CHECKPOINT}\\.safetensors$` },
    })
    assert.equal(killed.code, null, `it was to be killed, but ended: ${killed.stderr}`)
    assert.equal(await newest(broken), after)
  }

  const resumed = await toolkit(['train-backbone', '--resume', 'broken'], { cwd })
  assert.equal(resumed.code, 0, resumed.stderr)
  assert.deepEqual(await ending(join(cwd, 'broken')), await ending(join(cwd, 'whole')))
  const evaluations = async (run: string) =>
    (await rows(join(cwd, run))).filter(({ kind }) => kind === 'evaluation')
  assert.deepEqual(await evaluations('broken'), await evaluations('whole'))
  const [a, b] = await Promise.all(['broken', 'whole'].map((run) => readFile(join(cwd, run, 'model.onnx'))))
  assert.ok(a.length === b.length && a.length > 1000)
})

test('a corrupted checkpoint is named, with the older good one and how to go on', async (t) => {
  const cwd = await temporaryFolder(t)
  await paintImages(join(cwd, 'images'))
  const run = await toolkit(['train-backbone', ...settings, '--steps', '20', '--out', 'run'], { cwd })
  assert.equal(run.code, 0, run.stderr)
  await cp(join(cwd, 'run'), join(cwd, 'cut'), { recursive: true })
  await truncate(join(cwd, 'cut', 'checkpoint-20.safetensors'), 5000)
  const refused = await toolkit(['train-backbone', '--resume', 'cut'], { cwd })
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /checkpoint-20\.safetensors/)
  assert.match(refused.stderr, /checkpoint-10\.safetensors is intact; delete checkpoint-20\.safetensors/i)
})
