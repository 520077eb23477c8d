import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { detectorFlags as model, photographs } from '../helpers/commands/photographs.js'
import { toolkit } from '../helpers/commands/toolkit.js'
import { golden } from '../helpers/serve/support.js'

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
