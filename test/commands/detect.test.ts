import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import { toolkit } from '../helpers/commands/toolkit.js'
import {
  assertBox,
  categories,
  type Detected,
  expectedScore,
  scene,
  scenePixels,
  type Thing,
  VIEW,
} from '../helpers/serve/scenes.js'
import { golden, json, post, start, storedAs } from '../helpers/serve/support.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const model = ['--model', golden('detector.onnx')]
const [viewHeight, viewWidth] = VIEW
const things: Thing[] = [
  { channel: 1, brightness: 200, box: [5, 6, 20, 10] },
  { channel: 0, brightness: 250, box: [30, 2, 8, 21] },
  { channel: 2, brightness: 140, box: [40, 30, 24, 18] },
]

/** photos/: three sound images, more/: one of the same name, one cut off, one that is a text. */
async function photographs(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t)
  for (const name of ['photos/below', 'more', 'none']) await mkdir(join(folder, name), { recursive: true })
  const write = (name: string, bytes: Uint8Array | string) => writeFile(join(folder, name), bytes)
  await write('photos/10.png', await scene(viewWidth, viewHeight, things).png().toBuffer())
  const turned = storedAs(6, scenePixels(320, 240, [{ ...things[0], box: [20, 40, 100, 60] }]), 320, 240)
  await write('photos/2.JPG', await turned.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer())
  await write('photos/empty.webp', await scene(90, 50, []).webp().toBuffer())
  await write('photos/notes.txt', 'no image')
  await write('photos/below/deeper.png', await scene(9, 9, []).png().toBuffer())
  await write('more/2.png', await scene(viewWidth, viewHeight, things.slice(1, 2)).png().toBuffer())
  const jpeg = await scene(640, 480, things).jpeg().toBuffer()
  await write('more/cut.jpg', jpeg.subarray(0, jpeg.length / 2))
  await write('more/text.jpg', 'no image either')
  return folder
}

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

test('detect tells of images that cannot be read, looks at the others, and ends with 1', async (t) => {
  const cwd = await photographs(t)
  const args = ['more', 'nowhere.jpg', 'photos/10.png', '--draw', 'out', ...model]
  const { code, stdout, stderr } = await toolkit(['detect', ...args], { cwd })
  assert.equal(code, 1)
  assert.deepEqual(stderr.trim().split('\n'), [
    'more/cut.jpg: The JPEG image is damaged or cut off (VipsJpeg: premature end of JPEG image).',
    'more/text.jpg: The bytes are not an image in a supported format: JPEG, PNG, WebP, GIF, AVIF.',
    'Cannot read nowhere.jpg: it does not exist',
    '3 of 5 images could not be processed; see the errors above',
  ])
  assert.match(stdout, /^more\/2\.png, 64 × 48: 1 object/m)
  assert.match(stdout, /^photos\/10\.png, 64 × 48: 2 objects/m)
  assert.deepEqual((await readdir(join(cwd, 'out'))).sort(), ['10.png', '2.png'])

  const listed = await toolkit(['detect', 'more', ...model, '--json'], { cwd })
  assert.equal(listed.code, 1)
  const images: Record<string, unknown>[] = JSON.parse(listed.stdout).images
  assert.deepEqual(
    images.map(({ image, error }) => [image, typeof error]),
    [
      ['more/2.png', 'undefined'],
      ['more/cut.jpg', 'string'],
      ['more/text.jpg', 'string'],
    ],
  )
  const alone = await toolkit(['detect', 'more/text.jpg', ...model], { cwd })
  assert.deepEqual([alone.code, alone.stdout], [1, ''])
  assert.match(alone.stderr, /^more\/text\.jpg: The bytes are not an image[^\n]*\n$/)

  const nonsense = ['--model', golden('nan-scores.onnx')]
  const failed = await toolkit(['detect', 'photos/empty.webp', 'photos/10.png', ...nonsense], { cwd })
  assert.equal(failed.code, 1)
  assert.match(
    failed.stderr,
    /^photos\/empty\.webp: The model failed on this image: it returned the score NaN/,
  )
  assert.match(failed.stdout, /^photos\/10\.png, 64 × 48: 2 objects/)
})

test('detect never replaces an image that it looks at, and leaves nothing half-written', async (t) => {
  const cwd = await photographs(t)
  await symlink('photos', join(cwd, 'link'))
  const before = await readFile(join(cwd, 'photos/10.png'))
  for (const out of ['photos', 'link', 'none/../photos']) {
    const { code, stdout, stderr } = await toolkit(
      ['detect', 'photos/2.JPG', 'photos/10.png', '--draw', out, ...model],
      { cwd },
    )
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /10\.png would replace the image photos\/10\.png; give --draw another folder\n$/)
  }
  assert.ok(before.equals(await readFile(join(cwd, 'photos/10.png'))))

  await mkdir(join(cwd, 'out/10.png'), { recursive: true })
  const blocked = await toolkit(['detect', 'photos/10.png', '--draw', 'out', ...model], { cwd })
  assert.equal(blocked.code, 1)
  assert.match(blocked.stderr, /^Cannot write out\/10\.png: it is a folder, not a file\n$/)
  assert.deepEqual(await readdir(join(cwd, 'out')), ['10.png'])
})

test('detect tells mistakes in a sentence, before it looks at anything', async (t) => {
  const cwd = await photographs(t)
  const image = 'photos/10.png'
  const cases: [args: string[], code: number, message: RegExp][] = [
    [[image], 2, /required option '--model <detector\.onnx>' not specified/],
    [[...model], 2, /missing required argument 'image'/],
    [
      [image, ...model, '--min-score', '1.5'],
      2,
      /^--min-score is "1\.5", but must be a number from 0 to 1\n/,
    ],
    [[image, ...model, '--max', '0'], 2, /^--max is "0", but must be a whole number from 1 to 10000\n/],
    [
      [image, ...model, '--threads', 'all'],
      2,
      /^--threads is "all", but must be a whole number from 1 to 1024\n/,
    ],
    [['none', ...model], 1, /^The folder none has no images \(\.jpg, [^\n]*\n$/],
    [[image, '--model', 'nowhere.onnx'], 1, /^Cannot read the model nowhere\.onnx: there is no such file\n$/],
    [[image, '--model', image], 1, /^Cannot read the model photos\/10\.png: it is not an ONNX file\n$/],
    [
      [image, '--model', golden('quadrants.onnx')],
      1,
      /quadrants\.onnx is a model for classification; give a detector, [^\n]*\n$/,
    ],
    [
      [image, '--model', golden('says-detector.onnx')],
      1,
      /says-detector\.onnx cannot be run: it takes "images" and returns "probabilities", [^\n]*\n$/,
    ],
    [[image, ...model, '--draw', image], 1, /^Cannot create photos\/10\.png: a file of that name [^\n]*\n$/],
  ]
  for (const [args, code, message] of cases) {
    const outcome = await toolkit(['detect', ...args], { cwd })
    assert.equal(outcome.code, code, outcome.stderr)
    assert.equal(outcome.stdout, '')
    assert.match(outcome.stderr, message)
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
