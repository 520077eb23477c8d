/** `toolkit evaluate` with an exported classifier on images in folders and in tar shards. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { copyFile, type FileHandle, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { classifierCard } from '../../../src/train/classification/card.js'
import { exportModel } from '../../../src/train/classification/export.js'
import { presets } from '../../../src/train/classification/presets.js'
import { buildTrainStep } from '../../../src/train/classification/step.js'
import { paintImages } from '../../helpers/commands/painted-images.js'
import { fails, type Outcome, succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { writeTar } from '../../helpers/datasets/tar-writer.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

/** Writes model.onnx: an untrained classifier of the classes green and red. */
async function writeModel(folder: string): Promise<void> {
  const { embedded } = presets
  const config: typeof embedded = {
    ...embedded,
    data: { ...embedded.data, name: 'x', classes: ['green', 'red'], imageSize: 16, preprocessing: 'slim' },
    model: { ...embedded.model, cells: 1, filters: 4, stemFilters: 8 },
  }
  const step = await buildTrainStep(config, { imageSize: 16, classes: 2 })
  const model = await exportModel(config, await step.state(), classifierCard(config, 0, []))
  await step.close()
  await writeFile(join(folder, 'model.onnx'), model)
}

test('evaluate: an exported classifier of two colours', async (t) => {
  const cwd = await temporaryFolder(t)
  const evaluate = (...args: string[]) => toolkit(['evaluate', 'model.onnx', ...args], { cwd })
  const figures = async (...args: string[]) => {
    const outcome = await evaluate('--json', ...args)
    succeeds(outcome)
    return { ...JSON.parse(outcome.stdout), stderr: outcome.stderr }
  }

  await writeModel(cwd)
  await paintImages(join(cwd, 'data'), 6)
  await rename(join(cwd, 'data/test'), join(cwd, 'data/val'))

  await t.test(
    'the part is test, or validation where there is no test; val/ may be given alone, or itself',
    async () => {
      const whole = await figures('--data', 'data')
      assert.deepEqual([whole.split, whole.images, whole.preprocessing], ['validation', 20, 'slim'])
      const val = await figures('--data', 'data/val')
      assert.deepEqual(val.confusion, whole.confusion)
      assert.equal(val.loss, whole.loss)
      assert.equal((await figures('--data', 'data', '--split', 'train')).images, 12)
      fails(
        await evaluate('--data', 'data', '--split', 'test'),
        /^data has no test images; choose another part/,
      )
    },
  )

  await t.test('a limit takes images of all classes', async () => {
    const { images, classes } = await figures('--data', 'data', '--limit', '4')
    assert.equal(images, 4)
    assert.deepEqual(
      classes.map((one: { images: number }) => one.images),
      [2, 2],
    )
  })

  await t.test('the preprocessing can be another, for images that are scaled', async () => {
    const [slim, cover] = [
      await figures('--data', 'data'),
      await figures('--data', 'data', '--preprocessing', 'cover'),
    ]
    assert.equal(cover.preprocessing, 'cover')
    assert.notEqual(cover.loss, slim.loss)
    fails(await evaluate('--data', 'embedded', '--preprocessing', 'cover'), /leave --preprocessing out\n$/)
  })

  await t.test(
    'an image that cannot be decoded ends it by its name, or is left out, named and counted',
    async () => {
      await mkdir(join(cwd, 'torn/red'), { recursive: true })
      await writeFile(join(cwd, 'torn/red/a.png'), 'no picture')
      fails(
        await evaluate('--data', 'torn', '--skip-unreadable'),
        /None of the 1 image in torn can be read: /,
      )
      await copyFile(join(cwd, 'data/val/red/0.png'), join(cwd, 'torn/red/b.png'))
      fails(await evaluate('--data', 'torn'), /torn\/red\/a\.png cannot be read as an image: /)
      const { images, unreadable, stderr } = await figures('--data', 'torn', '--skip-unreadable')
      assert.deepEqual([images, unreadable.count], [1, 1])
      assert.match(unreadable.first[0], /^torn\/red\/a\.png \(/)
      assert.match(stderr, /1 of 2 images cannot be read and are left out: torn\/red\/a\.png/)
    },
  )

  await t.test('images of other classes are refused', async () => {
    await mkdir(join(cwd, 'other/train/blue'), { recursive: true })
    await copyFile(join(cwd, 'data/val/red/0.png'), join(cwd, 'other/train/blue/b.png'))
    fails(
      await evaluate('--data', 'other', '--split', 'train'),
      /^model\.onnx knows the classes green, red, but other has blue\n$/,
    )
  })
})

test('evaluate: tar shards, and a member that cannot be decoded', async (t) => {
  const cwd = await temporaryFolder(t)
  await writeModel(cwd)
  await paintImages(join(cwd, 'data'), 1)
  const members = async (count: number) => {
    const pairs = Array.from({ length: count }, async (_, i) => {
      const label = i % 2
      const image = await readFile(join(cwd, 'data/test', ['green', 'red'][label], `${i >> 1}.png`))
      return [
        { name: `${i}.png`, content: image },
        { name: `${i}.cls`, content: String(label) },
      ]
    })
    return (await Promise.all(pairs)).flat()
  }
  const whole = await members(20)
  await mkdir(join(cwd, 'shards'))
  await writeFile(join(cwd, 'shards/val-000000.tar'), writeTar(whole.slice(0, 22)))
  await writeFile(join(cwd, 'shards/val-000001.tar'), writeTar(whole.slice(22)))
  const evaluate = (...args: string[]) =>
    toolkit(['evaluate', 'model.onnx', '--json', ...args], {
      cwd,
      env: { XDG_CACHE_HOME: join(cwd, 'cache') },
    })
  const figures = async (...args: string[]) => {
    const outcome = await evaluate(...args)
    succeeds(outcome)
    return { ...JSON.parse(outcome.stdout), stderr: outcome.stderr }
  }
  const [files, shards] = [await figures('--data', 'data'), await figures('--data', 'shards')]
  assert.deepEqual([shards.split, shards.images], ['validation', 20])
  assert.deepEqual(shards.confusion, files.confusion)
  assert.ok(Math.abs(shards.loss - files.loss) < 1e-6, `${shards.loss} and ${files.loss}`)

  // Its bytes are none of an image.
  const broken = whole.map((member) =>
    member.name === '7.png' ? { ...member, content: 'no picture' } : member,
  )
  await writeFile(join(cwd, 'shards/val-000000.tar'), writeTar(broken.slice(0, 22)))
  const stopped = await evaluate('--data', 'shards')
  fails(stopped, /val-000000\.tar: 7\.png cannot be read as an image: [^\n]+\n$/)
  assert.equal(stopped.stdout, '')
  const skipping = await figures('--data', 'shards', '--skip-unreadable')
  assert.deepEqual([skipping.images, skipping.unreadable.count], [19, 1])
  assert.match(skipping.unreadable.first[0], /val-000000\.tar: 7\.png \(/)
  assert.match(skipping.stderr, /1 of 20 images cannot be read and are left out: .*7\.png \(/)
})

test('evaluate: Ctrl-C prints what was measured so far and ends with 130', {
  skip: process.platform === 'win32' && 'Windows has no pipes with a path',
}, async (t) => {
  const cwd = await temporaryFolder(t)
  await writeModel(cwd)
  await paintImages(join(cwd, 'painted'), 1)
  // Six batches.
  await mkdir(join(cwd, 'data/red'), { recursive: true })
  const name = (i: number) => join(cwd, 'data/red', `${String(i).padStart(3, '0')}.png`)
  for (let i = 0; i < 600; i++) await copyFile(join(cwd, 'painted/test/red/0.png'), name(i))

  // The images are listed before two of them become pipes, which are read when the test has opened them: one of the
  // fourth batch, which is begun when the first one has been measured, and one of the fifth.
  const [signal, gate] = [name(350), name(450)]
  const opened: Promise<FileHandle>[] = []
  t.after(async () => {
    for (const file of await Promise.all(opened)) await file.close()
  })
  let outcome!: Promise<Outcome>
  const child = await new Promise<ChildProcess>((resolve, reject) => {
    outcome = toolkit(['evaluate', 'model.onnx', '--data', 'data', '--skip-unreadable'], {
      cwd,
      pause: { afterOutput: 'has no images of 1 of the 2 classes: green' },
      onPause(paused) {
        for (const path of [signal, gate]) {
          rmSync(path)
          execFileSync('mkfifo', [path])
        }
        resolve(paused)
      },
      onStart: ({ stderr }) => {
        stderr!.on('data', (text) => {
          // A pipe opened in this way never waits.
          if (String(text).includes('Stopping')) opened.push(open(gate, 'r+'))
        })
      },
    })
    outcome.then(({ stderr }) => reject(new Error(stderr)), reject)
  })
  const reached = open(signal, 'w')
  opened.push(reached)
  await Promise.race([reached, outcome])
  child.kill('SIGINT')
  const { code, stdout, stderr } = await outcome
  // So that the test ends where the command did not come so far.
  opened.push(open(signal, 'r+'))
  assert.deepEqual([code, stdout], [130, ''], stderr)
  assert.match(stderr, /\nStopping after the current batch\. Ctrl-C again exits immediately\.\n/)
  const images = /\nStopped after (\d+) images, on which top-1 is [\d.]+ % and top-5 100/.exec(stderr)
  assert.ok(images !== null, stderr)
  assert.ok(Number(images[1]) >= 100 && Number(images[1]) < 500, images[1])
})
