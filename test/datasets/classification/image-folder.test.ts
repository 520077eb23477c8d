import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import sharp, { type Sharp } from 'sharp'
import { isImageFolder, loadImageFolder } from '../../../datasets/classification/image-folder.js'
import type { ImageSet } from '../../../datasets/classification/image-set.js'

const temporary = mkdtempSync(join(tmpdir(), 'image-folder-'))
after(() => rmSync(temporary, { recursive: true }))

let folders = 0
/** Writes files below a new folder. */
async function layout(files: Record<string, Buffer | Promise<Buffer> | string>): Promise<string> {
  const folder = join(temporary, `layout${folders++}`)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), await content)
  }
  return folder
}

type Colour = [number, number, number]
const [red, green, blue, white]: Colour[] = [
  [254, 0, 0],
  [0, 128, 0],
  [0, 0, 254],
  [255, 255, 255],
]

/** `left` and `right` halves. */
function halves(left: Colour, right: Colour, width = 40, height = 20): Sharp {
  const pixels = Buffer.alloc(width * height * 3)
  for (let i = 0; i < width * height; i++) pixels.set(i % width < width / 2 ? left : right, i * 3)
  return sharp(pixels, { raw: { width, height, channels: 3 } })
}

const pixel = (set: ImageSet, image: number, y: number, x: number) => [
  ...set.pixels.subarray(((image * set.height + y) * set.width + x) * 3).subarray(0, 3),
]

function assertNear(actual: number[], expected: number[], tolerance: number, what = ''): void {
  for (let c = 0; c < 3; c++)
    assert.ok(Math.abs(actual[c] - expected[c]) <= tolerance, `${what}: ${actual} instead of ${expected}`)
}

describe('loadImageFolder', () => {
  it('takes classes from train, sorted and as they are, and the parts that are there', async () => {
    const folder = await layout({
      'train/n02085620/b.png': halves(red, red).png().toBuffer(),
      'train/n02085620/a.JPEG': halves(blue, blue).jpeg({ quality: 100 }).toBuffer(),
      'train/n01440764/c.webp': halves(green, green).webp({ lossless: true }).toBuffer(),
      'train/n01440764/notes.txt': 'not an image',
      'val/n02085620/v.png': halves(white, white).png().toBuffer(),
      'test/n01440764/t.png': halves(red, red).png().toBuffer(),
    })
    assert.ok(await isImageFolder(folder))
    const { train, validation, test, unreadable } = await loadImageFolder(folder, { size: 8 })
    assert.deepEqual(unreadable, [])
    assert.deepEqual(train.classes, ['n01440764', 'n02085620'])
    assert.deepEqual([...train.labels], [0, 1, 1])
    assert.deepEqual([train.count, train.height, train.width, train.pixels.length], [3, 8, 8, 3 * 192])
    for (const [image, colour] of [green, blue, red].entries())
      assertNear(pixel(train, image, 4, 4), colour, 2)
    assert.deepEqual([...validation!.labels, ...test!.labels], [1, 0])
    const few = await loadImageFolder(folder, { size: 8, perClass: 1 })
    assert.deepEqual([...few.train.labels], [0, 1])
    assertNear(pixel(few.train, 1, 4, 4), blue, 2)
  })

  it('keeps the middle of what is not square', async () => {
    const wide = halves(red, blue, 80, 20)
    const folder = await layout({ 'train/a/wide.png': wide.png().toBuffer() })
    const { train } = await loadImageFolder(folder, { size: 20 })
    // The middle 20 of 80 columns: ten of each half.
    assertNear(pixel(train, 0, 10, 2), red, 1)
    assertNear(pixel(train, 0, 10, 17), blue, 1)
  })

  it('turns photos upright by their EXIF orientation', async () => {
    const upright = halves(red, blue, 20, 20)
    // 6: the stored left edge is the top when seen upright.
    const folder = await layout({
      'train/a/turned.jpg': upright.jpeg({ quality: 100 }).withMetadata({ orientation: 6 }).toBuffer(),
    })
    const { train } = await loadImageFolder(folder, { size: 20 })
    for (const x of [2, 17]) {
      assertNear(pixel(train, 0, 2, x), red, 3)
      assertNear(pixel(train, 0, 17, x), blue, 3)
    }
  })

  it('brings grey, 16-bit, palette, CMYK, transparent and animated images to 8-bit RGB', async () => {
    const grey = [100, 100, 100]
    const sixteen = new Uint16Array(400 * 3)
    for (let i = 0; i < 400; i++) sixteen.set([60_000, 257 * 10, 30_000], i * 3)
    const clear = sharp({
      create: { width: 20, height: 20, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } },
    })
    const frames = Buffer.concat([Buffer.alloc(300, Buffer.from(red)), Buffer.alloc(300, Buffer.from(blue))])
    const flat = (colour: number[]) => halves(colour as Colour, colour as Colour, 20, 20)
    const cases: [name: string, content: Promise<Buffer>, expected: number[], tolerance: number][] = [
      ['grey.jpg', flat(grey).toColourspace('b-w').jpeg().toBuffer(), grey, 2],
      ['grey.png', flat(grey).toColourspace('b-w').png().toBuffer(), grey, 0],
      [
        'grey16.png',
        sharp(new Uint16Array(400).fill(100 * 257), { raw: { width: 20, height: 20, channels: 1 } })
          .toColourspace('grey16')
          .png()
          .toBuffer(),
        grey,
        1,
      ],
      [
        'sixteen.png',
        sharp(sixteen, { raw: { width: 20, height: 20, channels: 3 } })
          .toColourspace('rgb16')
          .png()
          .toBuffer(),
        [233, 10, 117],
        1,
      ],
      ['palette.png', flat(blue).png({ palette: true }).toBuffer(), blue, 2],
      // The round trip through ink changes colours; a wrong reading (inverted, or four planes as three) changes them more.
      [
        'cmyk.jpg',
        flat([200, 60, 60]).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(),
        [200, 60, 60],
        40,
      ],
      ['clear.png', clear.png().toBuffer(), [255, 127, 127], 2],
      ['clear.webp', clear.webp({ lossless: true }).toBuffer(), [255, 127, 127], 2],
      [
        'animated.webp',
        sharp(frames, { raw: { width: 10, height: 20, channels: 3, pageHeight: 10 } })
          .webp({ lossless: true, loop: 0 })
          .toBuffer(),
        red,
        3,
      ],
    ]
    for (const [name, content, expected, tolerance] of cases) {
      const folder = await layout({ [`train/a/${name}`]: content })
      const { train, unreadable } = await loadImageFolder(folder, { size: 6 })
      assert.deepEqual(unreadable, [])
      for (const at of [0, 5]) assertNear(pixel(train, 0, at, at), expected, tolerance, name)
    }
    assert.equal((await sharp(await cases[3][1]).metadata()).depth, 'ushort', 'the fixture is 16-bit')
    assert.equal((await sharp(await cases[5][1]).metadata()).space, 'cmyk')
    assert.equal((await sharp(await cases[8][1]).metadata()).pages, 2)
  })

  it('leaves unreadable images out and names them', async () => {
    const noise = sharp(Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256)), {
      raw: { width: 64, height: 64, channels: 3 },
    })
    const whole = await noise.jpeg().toBuffer()
    const folder = await layout({
      'train/a/1-text.jpg': 'hello',
      'train/a/2-good.png': halves(red, red).png().toBuffer(),
      'train/a/3-empty.png': '',
      'train/a/4-cut.jpg': whole.subarray(0, whole.length / 2),
      'train/b/5-good.png': halves(blue, blue).png().toBuffer(),
    })
    const { train, unreadable } = await loadImageFolder(folder, { size: 4 })
    assert.deepEqual([...train.labels], [0, 1])
    assertNear(pixel(train, 0, 1, 1), red, 1)
    assertNear(pixel(train, 1, 1, 1), blue, 1)
    assert.deepEqual(
      unreadable.map(({ path }) => path),
      ['1-text.jpg', '3-empty.png', '4-cut.jpg'].map((name) => join(folder, 'train', 'a', name)),
    )
    for (const { reason } of unreadable) assert.ok(reason.length > 0)
  })

  it('refuses what is not laid out so', async () => {
    const good = await halves(red, red).png().toBuffer()
    const rejects = (folder: string, expected: RegExp, size = 4) =>
      assert.rejects(loadImageFolder(folder, { size }), expected)
    await rejects(join(temporary, 'nowhere'), /DatasetError: ".*nowhere" has no class folders in train\//)
    await rejects(await layout({ 'train/loose.png': good }), /has no class folders in train/)
    await rejects(
      await layout({ 'train/a/1.png': good, 'val/b/1.png': good }),
      /val.b is a class that .*train does not have/,
    )
    await rejects(await layout({ 'train/a/1.png': good, 'train/b/x.txt': '' }), /class "b" has no image/)
    await rejects(await layout({ 'train/a/1.png': 'broken' }), /no image that can be read.*1\.png/)
    await rejects(await layout({ 'train/a/1.png': good }), /1 to 4096 pixels a side, not 0/, 0)
    assert.equal(await isImageFolder(await layout({ 'images/a/1.png': good })), false)
  })
})
