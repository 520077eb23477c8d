/** `POST /detect` over HTTP: boxes must lie where the scenes have their things, whatever becomes of the pixels. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import sharp from 'sharp'
import { decodeImage } from '../../serve/image.js'
import type { RunningServer } from '../../serve/server.js'
import { RESIZE_MODES } from '../../src/shared/detector-input.js'
import { fitPixels } from '../../src/train/detection/fit-pixels.js'
import { pngBomb, pngPromise } from '../helpers/serve/png.js'
import {
  assertBox,
  type Box,
  categories,
  type Detected,
  detected,
  expectedScore,
  scene,
  scenePixels,
  type Thing,
  VIEW,
} from '../helpers/serve/scenes.js'
import { type Body, golden, json, post, solid, start, storedAs } from '../helpers/serve/support.js'

const [viewHeight, viewWidth] = VIEW

/** Three things on a scene that is as large as the model's input: nothing is scaled. */
const things: Thing[] = [
  { channel: 1, brightness: 200, box: [5, 6, 20, 10] },
  { channel: 2, brightness: 140, box: [40, 30, 24, 18] },
  { channel: 0, brightness: 250, box: [30, 2, 8, 21] },
]

describe('detecting', () => {
  let server: RunningServer
  let picture: Buffer
  before(async () => {
    server = await start({ models: ['detector.onnx', 'stretching.onnx'].map(golden), workers: 2 })
    picture = await scene(viewWidth, viewHeight, things).png().toBuffer()
  })
  after(() => server.close())

  const ask = (query: Record<string, string> = {}, body: Body = picture, type?: string) =>
    detected(server, body, { model: 'detector', ...query }, type)
  const refused = async (query: string, body: Body, status: number, detail: RegExp) => {
    const response = await post(`${server.url}/detect?model=detector${query}`, body)
    const text = await response.text()
    assert.equal(response.status, status, text)
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
    assert.match(JSON.parse(text).detail, detail)
    assert.equal((await ask()).detections.length, 2)
  }

  it('answers what follows from the pixels, the highest score first', async () => {
    const { milliseconds, ...answer } = await ask({ minScore: '0' })
    const byScore = [things[2], things[0], things[1]]
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
    for (const score of ['-0.1', '1.01', 'half', '', '.', '1e-1', '0x1', 'NaN', '0,5'])
      await refused(`&minScore=${score}`, picture, 400, /"minScore" is ".*"; give a number from 0 to 1/)
    for (const max of ['0', '-1', '2.5', 'all', '', '10001'])
      await refused(`&max=${max}`, picture, 400, /"max" is ".*"; give a whole number from 1 to 10000/)
    for (const draw of ['yes', 'true', '2', ''])
      await refused(`&draw=${draw}`, picture, 400, /"draw" is ".*"; give 1 for yes or 0 for no/)
    await refused('&minScore=0&minScore=1', picture, 400, /"minScore" is given more than once/)
    await refused('&top=3', picture, 400, /"top" is unknown; there are "minScore", "max", "draw" and "model"/)
  })

  for (const model of ['detector', 'stretching'])
    it(`finds boxes in images of any size and proportions: ${model}`, async () => {
      const side = fc.integer({ min: 12, max: 300 })
      const part = fc.double({ min: 0, max: 1, noNaN: true })
      const property = fc.asyncProperty(side, side, part, part, async (width, height, across, down) => {
        // Half of the image along each axis, anywhere.
        const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)]
        const box: Box = [Math.floor(across * (width - w)), Math.floor(down * (height - h)), w, h]
        const image = await scene(width, height, [{ channel: 0, brightness: 255, box }])
          .png()
          .toBuffer()
        const answer = await ask({ model }, image)
        assert.deepEqual([answer.width, answer.height, answer.detections.length], [width, height, 1])
        // The detector sees whole pixels of its input, which are so large in the image; enlarging blurs edges too.
        const stretched = [width / viewWidth, height / viewHeight]
        // Two and a half pixels of the input may be made two.
        const letterboxed = 1.25 * Math.max(...stretched)
        const [x, y] = model === 'stretching' ? stretched : [letterboxed, letterboxed]
        const [found] = answer.detections
        assertBox(found.bbox, box, [x + 0.5, y + 0.5])
        assert.ok(found.bbox[0] >= 0 && found.bbox[0] + found.bbox[2] <= width)
        assert.ok(found.bbox[1] >= 0 && found.bbox[1] + found.bbox[3] <= height)
      })
      await fc.assert(property, { numRuns: 60 })
    })

  for (let orientation = 1; orientation <= 8; orientation++)
    it(`tells boxes of a photo of EXIF orientation ${orientation} as people see it`, async () => {
      const box: Box = [20, 100, 50, 40]
      const pixels = scenePixels(320, 200, [{ channel: 2, brightness: 255, box }])
      const photo = await storedAs(orientation, pixels, 320, 200)
        .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
        .toBuffer()
      assert.equal((await sharp(photo).metadata()).orientation, orientation)
      for (const model of ['detector', 'stretching']) {
        const { width, height, detections } = await ask({ model }, photo, 'image/jpeg')
        assert.deepEqual([width, height, detections.length], [320, 200, 1])
        assertBox(detections[0].bbox, box, [5, 5])
      }
    })

  it('brings CMYK, 16-bit, grey, palette and transparent images to RGB', async () => {
    const box: Box = [160, 120, 320, 240]
    const photo = scene(640, 480, [{ channel: 0, brightness: 230, box }])
    const kinds: [string, Buffer, string][] = [
      ['cmyk', await photo.clone().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(), 'image/jpeg'],
      ['rgb16', await photo.clone().toColourspace('rgb16').png().toBuffer(), 'image/png'],
      ['srgb', await photo.clone().png({ palette: true }).toBuffer(), 'image/png'],
      ['srgb', await photo.clone().webp({ lossless: true }).toBuffer(), 'image/webp'],
      ['srgb', await photo.clone().gif().toBuffer(), 'image/gif'],
    ]
    for (const [space, bytes, type] of kinds) {
      assert.equal((await sharp(bytes).metadata()).space, space)
      const { detections } = await ask({}, bytes, type)
      assert.deepEqual(
        detections.map(({ label }) => label),
        ['red'],
        space,
      )
      assertBox(detections[0].bbox, box, [10, 10])
    }
    const grey = await photo.clone().toColourspace('grey16').png().toBuffer()
    assert.equal((await sharp(grey).metadata()).depth, 'ushort')
    assert.deepEqual((await ask({}, grey)).detections, [])
    // A hole through which white is seen is no longer red.
    const hole = { create: { width: 640, height: 240, channels: 4 as const, background: '#000' } }
    const holed = photo.clone().composite([{ input: hole, left: 0, top: 240, blend: 'dest-out' }])
    const [found] = (await ask({}, await holed.png().toBuffer())).detections
    assertBox(found.bbox, [160, 120, 320, 120], [10, 10])
  })

  it('takes an image of one pixel, and large ones', async () => {
    for (const model of ['detector', 'stretching']) {
      const one = await scene(1, 1, [{ channel: 1, brightness: 220, box: [0, 0, 1, 1] }])
        .png()
        .toBuffer()
      const answer = await ask({ model }, one)
      assert.deepEqual([answer.width, answer.height], [1, 1])
      assert.deepEqual(answer.detections[0].bbox, [0, 0, 1, 1])
    }
    const background = { r: 30, g: 30, b: 30 }
    const thing = { create: { width: 1500, height: 900, channels: 3 as const, background: '#0000ff' } }
    const large = await sharp({ create: { width: 7000, height: 5000, channels: 3, background } })
      .composite([{ input: thing, left: 4000, top: 3000 }])
      .jpeg()
      .toBuffer()
    const answer = await ask({}, large, 'image/jpeg')
    assert.deepEqual([answer.width, answer.height], [7000, 5000])
    assertBox(answer.detections[0].bbox, [4000, 3000, 1500, 900], [110, 110])
    // A line: 3000 pixels wide and one high.
    const line = await scene(3000, 1, [{ channel: 0, brightness: 255, box: [0, 0, 1500, 1] }])
      .png()
      .toBuffer()
    assertBox((await ask({}, line)).detections[0].bbox, [0, 0, 1500, 1], [47, 0])
  })

  it('refuses what is cut off, too large or no image, drawn or not', async () => {
    const whole = await scene(240, 160, things).jpeg().toBuffer()
    for (const draw of ['', '&draw=1']) {
      await refused(draw, whole.subarray(0, whole.length / 2), 422, /JPEG image is damaged or cut off/)
      await refused(draw, picture.subarray(0, picture.length - 20), 422, /PNG image is damaged or cut off/)
      await refused(draw, pngBomb(20_000, 20_000), 413, /20000 × 20000 pixels; at most/)
      await refused(draw, pngPromise(30_000, 30_000), 413, /30000 × 30000 pixels; at most/)
      await refused(draw, 'a text', 415, /not an image of a kind that is read: JPEG, PNG/)
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

describe('what a detector is shown', () => {
  it('is what it was trained and measured on, grey beside the image included', async () => {
    const side = fc.integer({ min: 1, max: 150 })
    const property = fc.asyncProperty(
      side,
      side,
      fc.constantFrom(...RESIZE_MODES),
      async (width, height, resize) => {
        const data = scenePixels(width, height, [
          { channel: 1, brightness: 255, box: [0, 0, Math.ceil(width / 3), Math.ceil(height / 2)] },
        ])
        const { pixels: trained } = await fitPixels({ data, width, height }, { inputSize: VIEW, resize })
        const png = await sharp(data, { raw: { width, height, channels: 3 } })
          .png()
          .toBuffer()
        const size: [number, number] = [viewHeight, viewWidth]
        const served = await decodeImage(png, { size, resize, maxPixels: 1e6 })
        assert.deepEqual([...served.pixels], [...trained])
      },
    )
    await fc.assert(property, { numRuns: 60 })
  })
})

describe('which model answers', () => {
  const asked = async (models: string[], paths: string[]) => {
    const server = await start({ models: models.map(golden) })
    const picture = await scene(viewWidth, viewHeight, things).png().toBuffer()
    try {
      const answers: string[] = []
      for (const path of paths) {
        const response = await post(server.url + path, picture)
        const body = await json<{ detail: string; model: string }>(response)
        answers.push(`${response.status} ${response.ok ? body.model : body.detail}`)
      }
      return answers
    } finally {
      await server.close()
    }
  }

  it('needs no name where there is one for the task', async () => {
    assert.deepEqual(await asked(['quadrants.onnx', 'detector.onnx'], ['/detect', '/classify']), [
      '200 detector',
      '200 quadrants',
    ])
  })

  it('must be said where there are several, and be for the task', async () => {
    const models = ['detector.onnx', 'stretching.onnx', 'quadrants.onnx']
    const paths = ['/detect', '/detect?model=stretching', '/detect?model=quadrants', '/detect?model=none']
    assert.deepEqual(await asked(models, [...paths, '/classify?model=detector']), [
      '400 Several detectors are served; choose one with "?model=NAME" (served here: detector, stretching).',
      '200 stretching',
      '400 The model "quadrants" is a classifier; ask it at /classify, or choose a detector (served here: detector, stretching).',
      '404 There is no detector "none" (served here: detector, stretching).',
      '400 The model "detector" is a detector; ask it at /detect, or choose a classifier (served here: quadrants).',
    ])
  })

  it('cannot be one that is not there', async () => {
    assert.deepEqual(
      await asked(['quadrants.onnx'], ['/detect', '/detect?model=quadrants', '/detect?model=x']),
      [
        '404 No detector is served here; there is quadrants at /classify.',
        '400 The model "quadrants" is a classifier; ask it at /classify.',
        '404 There is no detector "x" (served here: none).',
      ],
    )
    assert.deepEqual(await asked(['detector.onnx'], ['/classify?model=detector', '/classify']), [
      '400 The model "detector" is a detector; ask it at /detect.',
      '404 No classifier is served here; there is detector at /detect.',
    ])
  })

  it('is listed with its path and what it finds', async () => {
    const server = await start({ models: ['quadrants.onnx', 'detector.onnx'].map(golden) })
    try {
      const { models } = await json<{ models: Record<string, unknown>[] }>(
        await fetch(`${server.url}/models`),
      )
      assert.deepEqual(
        models.map(({ name, path }) => [name, path]),
        [
          ['quadrants', '/classify'],
          ['detector', '/detect'],
        ],
      )
      const { task, labels, categoryIds, resize, inputSize } = models[1]
      assert.deepEqual(
        { task, labels, categoryIds, resize, inputSize },
        {
          task: 'detection',
          labels: categories.map(({ label }) => label),
          categoryIds: categories.map(({ id }) => id),
          resize: 'letterbox',
          inputSize: VIEW,
        },
      )
    } finally {
      await server.close()
    }
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
      const picture = await scene(viewWidth, viewHeight, things).png().toBuffer()
      assert.equal((await json<Detected>(await post(`${server.url}/detect`, picture))).detections.length, 2)
    } finally {
      await server.close()
    }
  })
})
