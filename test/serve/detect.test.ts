/** `POST /detect` over HTTP: boxes must lie where the scenes have their threeThings, whatever becomes of the pixels. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pngBomb, pngPromise } from '../helpers/serve/png.js'
import {
  type Box,
  categories,
  type Detected,
  detectorServer,
  expectedScore,
  scene,
  threeThings,
  VIEW,
} from '../helpers/serve/scenes.js'
import { type Body, golden, json, post, solid, start } from '../helpers/serve/support.js'

const [viewHeight, viewWidth] = VIEW

describe('detecting', () => {
  const suite = detectorServer()
  const { ask } = suite
  const refused = async (query: string, body: Body, status: number, detail: RegExp) => {
    const response = await post(`${suite.server.url}/detect?model=detector${query}`, body)
    const text = await response.text()
    assert.equal(response.status, status, text)
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
    assert.match(JSON.parse(text).detail, detail)
    assert.equal((await ask()).detections.length, 2)
  }

  it('answers what follows from the pixels, the highest score first', async () => {
    const { milliseconds, ...answer } = await ask({ minScore: '0' })
    const byScore = [threeThings[2], threeThings[0], threeThings[1]]
    assert.deepEqual(answer, {
      model: 'detector',
      width: viewWidth,
      height: viewHeight,
      detections: byScore.map((thing) => ({
        categoryId: categories[thing.channel].id,
        label: categories[thing.channel].label,
        score: Number(expectedScore(thing).toPrecision(7)),
        bbox: thing.box,
      })),
    })
    for (const part of ['read', 'decode', 'queue', 'inference', 'total'])
      assert.ok(milliseconds[part] >= 0, `milliseconds.${part}`)
  })

  it('leaves out scores below minScore, and all but the best', async () => {
    const labels = async (query: Record<string, string>) =>
      (await ask(query)).detections.map(({ label }) => label)
    // Blue has a score of 0.098.
    assert.deepEqual(await labels({}), ['red', 'green & lime'])
    assert.deepEqual(await labels({ minScore: '0.05' }), ['red', 'green & lime', 'blue'])
    assert.deepEqual(await labels({ minScore: '.6' }), ['red'])
    assert.deepEqual(await labels({ minScore: '1' }), [])
    assert.deepEqual(await labels({ max: '1' }), ['red'])
    assert.deepEqual(await labels({ minScore: '0', max: '2' }), ['red', 'green & lime'])
    assert.deepEqual((await ask({}, await solid([90, 90, 90]).png().toBuffer())).detections, [])
  })

  it('validates its parameters, and knows no other', async () => {
    for (const score of ['-0.1', '1.01', 'half', '', '.', '0x1', 'NaN', '0,5'])
      await refused(
        `&minScore=${score}`,
        suite.picture,
        400,
        /"minScore" is .*, but must be a number from 0 to 1/,
      )
    for (const max of ['0', '-1', '2.5', 'all', '', '10001'])
      await refused(
        `&max=${max}`,
        suite.picture,
        400,
        /"max" is .*, but must be a whole number from 1 to 10000/,
      )
    for (const draw of ['yes', '2', ''])
      await refused(
        `&draw=${draw}`,
        suite.picture,
        400,
        /"draw" is ".*", but must be true or false \(1 or 0 in a query or form\)/,
      )
    await refused('&minScore=0&minScore=1', suite.picture, 400, /"minScore" is given more than once/)
    await refused(
      '&top=3',
      suite.picture,
      400,
      /"top" is unknown; there are "minScore", "max", "draw" and "model"/,
    )
  })

  it('refuses what is cut off, too large or no image, drawn or not', async () => {
    const whole = await scene(240, 160, threeThings).jpeg().toBuffer()
    for (const draw of ['', '&draw=1']) {
      await refused(draw, whole.subarray(0, whole.length / 2), 422, /JPEG image is damaged or cut off/)
      await refused(
        draw,
        suite.picture.subarray(0, suite.picture.length - 20),
        422,
        /PNG image is damaged or cut off/,
      )
      await refused(draw, pngBomb(20_000, 20_000), 413, /20000 × 20000 pixels; at most/)
      await refused(draw, pngPromise(30_000, 30_000), 413, /30000 × 30000 pixels; at most/)
      await refused(draw, 'a text', 415, /not an image in a supported format: JPEG, PNG/)
      await refused(draw, '', 400, /empty/)
    }
  })

  it('answers many at once, each with its own boxes', async () => {
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const box: Box = [i % 40, i % 30, 10 + (i % 14), 8 + (i % 10)]
        const thing = { channel: i % 3, brightness: 200 + (i % 50), box }
        const image = await scene(viewWidth, viewHeight, [thing]).png().toBuffer()
        const { detections } = await ask({ model: i % 2 ? 'detector' : 'stretching' }, image)
        assert.deepEqual(
          detections.map(({ categoryId, bbox }) => [categoryId, bbox]),
          [[categories[thing.channel].id, box]],
        )
      }),
    )
  })
})

describe('a detector that answers nonsense', () => {
  it('costs the request that it does so for', async () => {
    const server = await start({ models: [golden('nan-scores.onnx')] })
    try {
      // Its score is 0 / 0 where a colour is missing.
      const missing = await post(`${server.url}/detect`, await solid([200, 0, 0]).png().toBuffer())
      assert.equal(missing.status, 500)
      assert.match(
        (await json<{ detail: string }>(missing)).detail,
        /failed on this image: it returned the score NaN/,
      )
      const picture = await scene(viewWidth, viewHeight, threeThings).png().toBuffer()
      assert.equal((await json<Detected>(await post(`${server.url}/detect`, picture))).detections.length, 2)
    } finally {
      await server.close()
    }
  })
})
