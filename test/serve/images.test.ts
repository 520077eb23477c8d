/** Pictures of every kind, through the whole server: what comes out must follow from their colours. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import sharp from 'sharp'
import type { RunningServer } from '../../serve/server.js'
import { pngBomb, pngHeader, pngPromise } from '../helpers/serve/png.js'
import {
  assertProblem,
  assertScores,
  assertWorks,
  type Body,
  type Colour,
  classified,
  corners,
  post,
  quadrantImage,
  quadrantPixels,
  solid,
  start,
  storedAs,
} from '../helpers/serve/support.js'

const repeat = (colour: Colour): Colour[] => [colour, colour, colour, colour]

/** Scaling blurs and overshoots along the borders between quadrants; exchanged quadrants differ by 0.1 and more. */
const scaled = 0.03

describe('classifying pictures', () => {
  let server: RunningServer
  before(async () => {
    server = await start()
  })
  after(() => server.close())

  it('answers scores that follow from the pixels, sorted, with labels', async () => {
    const answer = await classified(server, await quadrantImage(24, 16).png().toBuffer())
    assertScores(answer, corners, 1e-5)
    assert.equal(answer.model, 'quadrants')
    assert.deepEqual([answer.width, answer.height], [24, 16])
    assert.deepEqual(answer.predictions[0].label, 'bottom left blue')
    const scores = answer.predictions.map(({ score }) => score)
    assert.deepEqual(
      scores,
      [...scores].sort((a, b) => b - a),
    )
    for (const part of ['read', 'decode', 'queue', 'inference', 'total'])
      assert.ok(answer.milliseconds[part] >= 0, `milliseconds.${part}`)
  })

  it('scales large pictures down, and cuts what is too wide evenly', async () => {
    const large = await classified(server, await quadrantImage(1200, 800).png().toBuffer())
    assert.deepEqual([large.width, large.height], [1200, 800])
    assertScores(large, corners, scaled)
    assertScores(await classified(server, await quadrantImage(480, 160).png().toBuffer()), corners, scaled)
  })

  it('takes a picture of one pixel', async () => {
    const colour: Colour = [200, 100, 50]
    const answer = await classified(server, await solid(colour, 2, 2).resize(1, 1).png().toBuffer())
    assertScores(answer, repeat(colour), 1e-5)
    assert.deepEqual([answer.width, answer.height], [1, 1])
  })

  for (let orientation = 1; orientation <= 8; orientation++)
    it(`turns a photo of EXIF orientation ${orientation} upright`, async () => {
      const photo = await storedAs(orientation, quadrantPixels(240, 160), 240, 160)
        .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
        .toBuffer()
      const stored = await sharp(photo).metadata()
      assert.deepEqual([stored.orientation, stored.width], [orientation, orientation < 5 ? 240 : 160])
      const answer = await classified(server, photo, 'image/jpeg')
      assertScores(answer, corners, scaled)
      assert.deepEqual([answer.width, answer.height], [240, 160])
    })

  it('brings CMYK, 16-bit and gray pictures to 8-bit RGB', async () => {
    const cmyk = await solid([200, 60, 60]).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer()
    assert.equal((await sharp(cmyk).metadata()).space, 'cmyk')
    const [first] = (await classified(server, cmyk, 'image/jpeg')).predictions
    assert.match(first.label, /red/)

    const deep = new Uint16Array(quadrantPixels(24, 16)).map((value) => value * 257)
    const deepRaw = { raw: { width: 24, height: 16, channels: 3 as const } }
    const png16 = await sharp(deep, deepRaw).toColourspace('rgb16').png().toBuffer()
    assert.equal((await sharp(png16).metadata()).depth, 'ushort')
    assertScores(await classified(server, png16), corners, 1e-4)

    const gray = await sharp(Buffer.alloc(24 * 16, 90), { raw: { width: 24, height: 16, channels: 1 } })
    const png8 = await gray.toColourspace('b-w').png().toBuffer()
    assert.equal((await sharp(png8).metadata()).channels, 1)
    assertScores(await classified(server, png8), repeat([90, 90, 90]), 1e-5)
    const deepGray = await gray.toColourspace('grey16').png().toBuffer()
    assert.equal((await sharp(deepGray).metadata()).depth, 'ushort')
    assertScores(await classified(server, deepGray), repeat([90, 90, 90]), 1e-3)
  })

  it('lays transparency on white', async () => {
    const background = { r: 250, g: 0, b: 0, alpha: 0 }
    const clear = await sharp({ create: { width: 24, height: 16, channels: 4, background } })
      .png()
      .toBuffer()
    assertScores(await classified(server, clear), repeat([255, 255, 255]), 1e-5)
    const half = await sharp({
      create: { width: 24, height: 16, channels: 4, background: { ...background, alpha: 0.5 } },
    })
      .png()
      .toBuffer()
    assertScores(await classified(server, half), repeat([252, 127, 127]), 2e-3)
  })

  it('takes the first frame of an animation', async () => {
    const frames = Buffer.concat([quadrantPixels(24, 16), quadrantPixels(24, 16, [...corners].reverse())])
    const animation = sharp(frames, { raw: { width: 24, height: 32, channels: 3, pageHeight: 16 } })
    const webp = await animation.clone().webp({ lossless: true }).toBuffer()
    const gif = await animation.clone().gif().toBuffer()
    for (const [type, bytes] of [
      ['image/webp', webp],
      ['image/gif', gif],
    ] as const) {
      assert.equal((await sharp(bytes).metadata()).pages, 2, type)
      const answer = await classified(server, bytes, type)
      assertScores(answer, corners, 0.01)
      assert.deepEqual([answer.width, answer.height], [24, 16])
    }
  })

  it('takes AVIF, and any type of picture as octet-stream', async () => {
    const avif = await quadrantImage(48, 32).avif({ lossless: true }).toBuffer()
    assertScores(await classified(server, avif, 'image/avif'), corners, 0.02)
    assertScores(await classified(server, avif, 'application/octet-stream'), corners, 0.02)
  })

  const classify = (body: Body, type?: string) => post(`${server.url}/classify`, body, type)

  it('refuses what is no picture, whatever it is called', async () => {
    await assertProblem(
      server,
      await classify('Dear server, this is a text.', 'image/png'),
      415,
      /not an image/,
    )
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>`
    for (const type of ['image/svg+xml', 'image/png', 'application/octet-stream'])
      await assertProblem(server, await classify(svg, type), 415, /SVG|not an image/)
    const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1')
    await assertProblem(server, await classify(heic, 'image/heic'), 415, /JPEG, PNG, WebP, GIF, AVIF/)
  })

  it('refuses an empty body', async () => {
    await assertProblem(server, await classify(''), 400, /empty/)
  })

  it('refuses pictures that are cut off or damaged', async () => {
    const whole = await quadrantImage(240, 160).jpeg().toBuffer()
    await assertProblem(server, await classify(whole.subarray(0, whole.length / 2)), 422, /JPEG.*damaged/)
    await assertProblem(server, await classify(whole.subarray(0, 10)), 422, /JPEG.*damaged/)
    const png = await quadrantImage(240, 160).png().toBuffer()
    await assertProblem(server, await classify(png.subarray(0, png.length - 40)), 422, /PNG.*damaged/)
    await assertProblem(server, await classify(pngHeader(64, 64)), 422, /PNG.*damaged/)
  })

  it('answers any damage with a result or a 4xx', async () => {
    const picture = quadrantImage(48, 32)
    const wholes = await Promise.all([
      picture.clone().jpeg().toBuffer(),
      picture.clone().png().toBuffer(),
      picture.clone().webp().toBuffer(),
      picture.clone().gif().toBuffer(),
      picture.clone().avif().toBuffer(),
    ])
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      byte: fc.nat(255),
    })
    const property = fc.asyncProperty(
      fc.constantFrom(...wholes),
      fc.array(change, { minLength: 1, maxLength: 8 }),
      async (whole, changes) => {
        const bytes = Buffer.from(whole)
        for (const { at, byte } of changes) bytes[Math.floor(at * bytes.length)] = byte
        const response = await classify(bytes, 'application/octet-stream')
        assert.ok([200, 413, 415, 422].includes(response.status), await response.text())
      },
    )
    await fc.assert(property, { numRuns: 150 })
    await assertWorks(server)
  })

  it('refuses too many pixels by the header alone', async () => {
    await assertProblem(server, await classify(pngPromise(30_000, 30_000)), 413, /30000 × 30000/)
    await assertProblem(server, await classify(pngHeader(30_000, 30_000)), 422, /PNG.*damaged/)
    const bomb = pngBomb(20_000, 20_000)
    assert.ok(bomb.length < 100_000)
    await assertProblem(server, await classify(bomb), 413, /20000 × 20000/)
    await assertWorks(server)
  })

  it('takes a picture of exactly the largest size', async () => {
    const strict = await start({ maxPixels: 384 })
    try {
      await assertWorks(strict)
      const wider = await quadrantImage(26, 16).png().toBuffer()
      await assertProblem(
        strict,
        await post(`${strict.url}/classify`, wider),
        413,
        /26 × 16 pixels; at most 384/,
      )
    } finally {
      await strict.close()
    }
  })
})
