/** `POST /detect?draw=1`: the picture that was sent, and on it the frames that the same request without it lists. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import sharp, { type Sharp } from 'sharp'
import type { RunningServer } from '../../serve/server.js'
import { categoryColour } from '../../src/shared/draw-boxes.js'
import { type Box, categories, scene, scenePixels, type Thing } from '../helpers/serve/scenes.js'
import { type Body, type Colour, golden, post, start, storedAs } from '../helpers/serve/support.js'

const [width, height] = [640, 480]
/** All edges lie on edges of the detector's own pixels: boxes are exact. Blue lies at the corner. */
const things: Thing[] = [
  { channel: 0, brightness: 250, box: [60, 80, 200, 120] },
  { channel: 1, brightness: 220, box: [350, 250, 150, 160] },
  { channel: 2, brightness: 240, box: [600, 440, 40, 40] },
]

interface Picture {
  data: Buffer
  width: number
  height: number
}

const colourOf = ({ data, width }: Picture, x: number, y: number): Colour => {
  const at = (y * width + x) * 3
  return [data[at], data[at + 1], data[at + 2]]
}
const difference = (a: Colour, b: Colour): number => Math.max(...a.map((value, i) => Math.abs(value - b[i])))
const frameColour = ({ channel }: Thing): Colour => {
  const hex = categoryColour(categories[channel].id)
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as Colour
}

describe('drawing', () => {
  let server: RunningServer
  before(async () => {
    server = await start({ models: [golden('detector.onnx')] })
  })
  after(() => server.close())

  const drawn = async (body: Body, query = '', type = 'image/png'): Promise<Picture> => {
    const response = await post(`${server.url}/detect?draw=1${query}`, body, type)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'image/png')
    const png = Buffer.from(await response.arrayBuffer())
    const { format, depth, channels, orientation } = await sharp(png).metadata()
    assert.deepEqual([format, depth, channels, orientation ?? 1], ['png', 'uchar', 3, 1])
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
    return { data, width: info.width, height: info.height }
  }

  /** Asserts that the picture has the frames of these things, and elsewhere is as it was but for labels. */
  const assertFrames = (picture: Picture, sent: Picture, framed: Thing[]) => {
    assert.deepEqual([picture.width, picture.height], [sent.width, sent.height])
    // A line of 640 × 480 pixels is 2.5 pixels wide, its dark rim 4.5.
    for (const thing of framed) {
      const [x, y, w, h] = thing.box
      const edges = [
        ...[x, Math.min(x + w, width - 1)].map((column) => [column, y + Math.round(h / 2)]),
        ...[y, Math.min(y + h, height - 1)].map((row) => [x + Math.round(w / 2), row]),
      ]
      for (const [column, row] of edges)
        assert.ok(
          difference(colourOf(picture, column, row), frameColour(thing)) <= 3,
          `the frame of ${thing.box} is ${colourOf(picture, column, row)} at ${column}, ${row}`,
        )
    }
    const isNear = (column: number, row: number) =>
      framed.some(({ box: [x, y, w, h] }) => {
        const inside = column > x + 4 && column < x + w - 4 && row > y + 4 && row < y + h - 4
        const around = column > x - 5 && column < x + w + 4 && row > y - 5 && row < y + h + 4
        // Labels lie above their boxes; one of the corner's is as long as the image lets it be.
        const label = row > y - 24 && row < y + 5 && column > x - 120 && column < x + 180
        return (around && !inside) || label
      })
    for (let row = 0; row < sent.height; row++)
      for (let column = 0; column < sent.width; column++)
        if (!isNear(column, row))
          assert.deepEqual(
            colourOf(picture, column, row),
            colourOf(sent, column, row),
            `${column}, ${row} was not to change`,
          )
  }
  const asSent = (pixels: Buffer): Picture => ({ data: pixels, width, height })

  it('frames each thing in the colour of its category, labels it, and changes nothing else', async () => {
    const pixels = scenePixels(width, height, things)
    const picture = await drawn(await scene(width, height, things).png().toBuffer())
    assertFrames(picture, asSent(pixels), things)
    // "red 0.96" in white or black on the category's colour, which lets a little of the ground through.
    const [x, y] = things[0].box
    const label = Array.from({ length: 60 * 10 }, (_, i) =>
      colourOf(picture, x + 3 + (i % 60), y - 14 + Math.floor(i / 60)),
    )
    assert.ok(label.some((colour) => Math.min(...colour) > 230 || Math.max(...colour) < 25))
    assert.ok(label.filter((colour) => difference(colour, frameColour(things[0])) < 40).length > 100)
  })

  it('draws what minScore and max leave', async () => {
    const pixels = scenePixels(width, height, things)
    const png = await scene(width, height, things).png().toBuffer()
    assertFrames(await drawn(png, '&max=1'), asSent(pixels), things.slice(0, 1))
    assertFrames(await drawn(png, '&minScore=0.8'), asSent(pixels), [things[0], things[2]])
    const untouched = await drawn(png, '&minScore=1')
    assert.ok(untouched.data.equals(pixels))
    const listed = await post(`${server.url}/detect?draw=0`, png)
    assert.match(listed.headers.get('content-type') ?? '', /^application\/json/)
  })

  for (const orientation of [2, 3, 6, 8])
    it(`turns a photo of EXIF orientation ${orientation} upright, the frames with it`, async () => {
      const pixels = scenePixels(width, height, things)
      const photo = storedAs(orientation, pixels, width, height)
      const webp = await photo.webp({ lossless: true }).toBuffer()
      assert.equal((await sharp(webp).metadata()).orientation, orientation)
      assertFrames(await drawn(webp, '', 'image/webp'), asSent(pixels), things)
    })

  it('brings CMYK, 16-bit, grey and transparent images to 8-bit RGB', async () => {
    const picture = scene(width, height, things.slice(0, 1))
    // The inks of CMYK cannot print that red, nor quite that grey.
    const cases: [kind: string, Sharp, ground: Colour, tolerance: number][] = [
      ['cmyk', picture.clone().toColourspace('cmyk').jpeg({ quality: 100 }), [60, 60, 60], 30],
      ['rgb16', picture.clone().toColourspace('rgb16').png(), [60, 60, 60], 0],
      ['grey16', picture.clone().toColourspace('grey16').png(), [60, 60, 60], 1],
      ['b-w', picture.clone().toColourspace('b-w').png(), [60, 60, 60], 1],
      ['srgb', picture.clone().ensureAlpha(0).png(), [255, 255, 255], 0],
    ]
    for (const [space, image, ground, tolerance] of cases) {
      const bytes = await image.toBuffer()
      assert.equal((await sharp(bytes).metadata()).space, space)
      const answer = await drawn(bytes, '', 'application/octet-stream')
      assert.deepEqual([answer.width, answer.height], [width, height])
      assert.ok(
        difference(colourOf(answer, 20, 400), ground) <= tolerance,
        `${space}: ${colourOf(answer, 20, 400)}`,
      )
      const isRed = space === 'cmyk' || space === 'rgb16'
      const edge = colourOf(answer, 60, 140)
      assert.equal(difference(edge, frameColour(things[0])) <= 3, isRed, `${space}: ${edge}`)
    }
  })

  it('draws on the first frame of an animation, on one pixel, and on lines', async () => {
    const other = things.map((thing) => ({ ...thing, box: [0, 0, 20, 20] as Box }))
    const frames = [things, other].map((each) => scenePixels(width, height, each))
    const raw = { width, height: 2 * height, channels: 3 as const, pageHeight: height }
    const animation = await sharp(Buffer.concat(frames), { raw }).webp({ lossless: true }).toBuffer()
    assert.equal((await sharp(animation).metadata()).pages, 2)
    assertFrames(await drawn(animation, '', 'image/webp'), asSent(frames[0]), things)

    const narrow: [number, number][] = [
      [1, 1],
      [1, 900],
      [40_000, 3],
    ]
    for (const [w, h] of narrow) {
      const thing: Thing = { channel: 0, brightness: 255, box: [0, 0, Math.ceil(w / 2), h] }
      const picture = await drawn(await scene(w, h, [thing]).png().toBuffer())
      assert.deepEqual([picture.width, picture.height], [w, h])
    }
  })
})
