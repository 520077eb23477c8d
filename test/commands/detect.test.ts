import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { detectorFlags as model, photographs, things } from '../helpers/commands/photographs.js'
import { toolkit } from '../helpers/commands/toolkit.js'
import { assertBox, categories, type Detected, expectedScore, scene } from '../helpers/serve/scenes.js'
import { golden, json, post, start } from '../helpers/serve/support.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

test('detect prints a table for each image, a folder by its images, and each image once', async (t) => {
  const cwd = await photographs(t)
  const args = ['photos/empty.webp', 'photos', './photos/10.png', '--threads', '1', ...model]
  const { code, stdout, stderr } = await toolkit(['detect', ...args], { cwd })
  assert.equal(code, 0, stderr)
  assert.equal(stderr, '')
  const lines = stdout.split('\n')
  assert.deepEqual(
    lines.filter((line) => /^\S/.test(line)),
    [
      'photos/empty.webp, 90 × 50: nothing with a score of 0.3 or more',
      'photos/2.JPG, 320 × 240: 1 object with a score of 0.3 or more',
      './photos/10.png, 64 × 48: 2 objects with a score of 0.3 or more',
    ],
  )
  assert.deepEqual(lines.slice(-4), [
    '  label         score   x  y  width  height',
    `  red           ${expectedScore(things[1]).toFixed(3)}  30  2      8      21`,
    `  green & lime  ${expectedScore(things[0]).toFixed(3)}   5  6     20      10`,
    '',
  ])
})

test('detect --json prints what the server answers, and only that', async (t) => {
  const cwd = await photographs(t)
  const args = ['photos/10.png', 'photos/2.JPG', ...model, '--json', '--min-score', '0.05', '--max', '2']
  const { code, stdout, stderr } = await toolkit(['detect', ...args], { cwd })
  assert.equal(code, 0, stderr)
  const { model: name, images } = JSON.parse(stdout)
  assert.equal(name, 'detector')
  assert.deepEqual(
    images.map(({ image }: { image: string }) => image),
    ['photos/10.png', 'photos/2.JPG'],
  )
  assert.deepEqual(
    images[0].detections,
    [things[1], things[0]].map((thing) => ({
      categoryId: categories[thing.channel].id,
      label: categories[thing.channel].label,
      score: Number(expectedScore(thing).toPrecision(7)),
      bbox: thing.box,
    })),
  )
  assertBox(images[1].detections[0].bbox, [20, 40, 100, 60], [5, 5])
  assert.deepEqual([images[1].width, images[1].height], [320, 240])

  const server = await start({ models: [golden('detector.onnx')] })
  t.after(() => server.close())
  for (const { image, ...answer } of images) {
    const served = await post(`${server.url}/detect?minScore=0.05&max=2`, await readFile(join(cwd, image)))
    const { model, milliseconds, ...rest } = await json<Detected>(served)
    assert.deepEqual(answer, rest)
  }
})

test('detect --draw writes what the server draws, under names of their own, and replaces older pictures', async (t) => {
  const cwd = await photographs(t)
  await mkdir(join(cwd, 'out'))
  await writeFile(join(cwd, 'out/10.png'), 'an older picture')
  await writeFile(join(cwd, 'out/other.txt'), 'untouched')
  const args = ['photos/2.JPG', 'more/2.png', 'photos/10.png', '--draw', 'out', ...model]
  const { code, stdout, stderr } = await toolkit(['detect', ...args], { cwd })
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^photos\/2\.JPG, .*, drawn: out\/2\.png$/m)
  assert.match(stdout, /^more\/2\.png, .*, drawn: out\/2-2\.png$/m)
  assert.deepEqual((await readdir(join(cwd, 'out'))).sort(), ['10.png', '2-2.png', '2.png', 'other.txt'])

  const server = await start({ models: [golden('detector.onnx')] })
  t.after(() => server.close())
  for (const [image, picture] of [
    ['photos/2.JPG', '2.png'],
    ['more/2.png', '2-2.png'],
    ['photos/10.png', '10.png'],
  ]) {
    const served = await post(`${server.url}/detect?draw=1`, await readFile(join(cwd, image)))
    const [ours, theirs] = await Promise.all(
      [join(cwd, 'out', picture), Buffer.from(await served.arrayBuffer())].map((png) =>
        sharp(png).raw().toBuffer(),
      ),
    )
    assert.ok(ours.equals(theirs), picture)
  }
})

test('detect stops between two images when it is interrupted, and tells how far it came', async (t) => {
  const cwd = await temporaryFolder(t)
  const image = await scene(1600, 1200, [{ channel: 0, brightness: 255, box: [0, 0, 800, 600] }])
    .png()
    .toBuffer()
  await mkdir(join(cwd, 'photos'))
  const count = 60
  for (let i = 1; i <= count; i++) await writeFile(join(cwd, 'photos', `${i}.png`), image)
  const { code, stdout, stderr } = await toolkit(['detect', 'photos', '--draw', 'out', ...model], {
    cwd,
    pause: { afterOutput: 'photos/2.png' },
    onPause: (child) => child.kill('SIGINT'),
  })
  assert.equal(code, 130, stderr)
  const done = Number(/Stopped after (\d+) of 60 images\./.exec(stderr)?.[1])
  assert.ok(done >= 2 && done < count, stderr)
  assert.equal(stdout.match(/^photos\//gm)?.length, done)
  assert.equal((await readdir(join(cwd, 'out'))).length, done)
})
