/** Images in JSON, and several in one request. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Answer,
  assertProblem,
  assertScores,
  corners,
  golden,
  json,
  loggedServer,
  post,
  quadrantImage,
} from '../helpers/serve/support.js'

const maxBytes = 100_000

interface Answers {
  model: string
  results: Omit<Answer, 'model' | 'milliseconds'>[]
  milliseconds: Record<string, number>
}

describe('bodies', () => {
  const suite = loggedServer({ maxBytes, maxImages: 3 })
  const send = (body: unknown, query = '') =>
    post(`${suite.server.url}/classify${query}`, JSON.stringify(body), 'application/json')
  const base64 = () => suite.picture.toString('base64')
  const refused = async (body: unknown, words: RegExp, status = 400) =>
    assertProblem(suite.server, await send(body), status, words)

  it('may be JSON with one image, and parameters of their own types', async () => {
    for (const image of [base64(), `data:image/png;base64,${base64()}`]) {
      const answer = await json<Answer>(await send({ image, top: 12, model: 'quadrants' }))
      assertScores(answer, corners, 1e-5)
    }
    assert.equal((await json<Answer>(await send({ image: base64() }, '?top=2'))).predictions.length, 2)
  })

  it('may hold several images, as JSON or as a form, answered in their order', async () => {
    const turned = [...corners].reverse()
    const other = Buffer.from(await quadrantImage(240, 160, turned).png().toBuffer())
    const form = new FormData()
    for (const image of [suite.picture, other]) form.append('images', new Blob([image]), 'p.png')
    const responses = [
      await send({ images: [base64(), other.toString('base64')], top: 12 }),
      await fetch(`${suite.server.url}/classify?top=12`, { method: 'POST', body: form }),
    ]
    for (const response of responses) {
      const { model, results, milliseconds } = await json<Answers>(response)
      assert.equal(model, 'quadrants')
      assert.deepEqual(Object.keys(milliseconds), ['read', 'decode', 'queue', 'inference', 'total'])
      assert.deepEqual(
        results.map(({ width, height }) => [width, height]),
        [
          [24, 16],
          [240, 160],
        ],
      )
      assertScores({ ...results[0], model, milliseconds }, corners, 1e-5)
      assertScores({ ...results[1], model, milliseconds }, turned, 1e-2)
    }
    // A list of one is answered by a list.
    assert.equal((await json<Answers>(await send({ images: [base64()] }))).results.length, 1)
  })

  it('are refused, naming what is wrong', async () => {
    const image = base64()
    await refused([], /JSON body .* must be an object/)
    await refused({}, /JSON body must have either "image" or "images"/)
    await refused({ image, images: [image] }, /either "image" or "images"/)
    await refused({ image: 5 }, /"image" of the JSON body is 5, but must be an image file in base64/)
    await refused({ image: 'a' }, /"image" of the JSON body must be an image file in base64/)
    await refused({ image: 'https://example.org/a.png' }, /"image" of the JSON body must be/)
    await refused({ images: [] }, /"images" of the JSON body .* a list of 1 to 3 images/)
    await refused({ images: [image, image, image, image] }, /a list of 1 to 3 images/)
    await refused({ images: [image, '??'] }, /"images\.1" of the JSON body must be/)
    await refused({ images: [image, 'AAAA'] }, /^Image 2 of 2: The bytes are not an image/, 415)
    await refused({ image, top: '5' }, /"top" of the JSON body must be a number, true or false/)
    await refused({ image, model: 5 }, /"model" of the JSON body must be a text/)
    await refused({ image, top: [5] }, /"top" of the JSON body must be a number/)
    await refused({ image, topp: 5 }, /field "topp" is unknown/)
    await refused({ image: Buffer.alloc(maxBytes + 1).toString('base64') }, /more than 100000 bytes/, 413)
    await refused({ image, list: Array(10_001).fill(0) }, /too many values/)
    const text = await post(`${suite.server.url}/classify`, '{"image": "', 'application/json')
    await assertProblem(suite.server, text, 400, /JSON body cannot be read/)
    const invalid = await post(
      `${suite.server.url}/classify`,
      Buffer.from([0x22, 0xff, 0x22]),
      'application/json',
    )
    await assertProblem(suite.server, invalid, 400, /JSON body cannot be read/)
  })

  it('that are forms have one image or a list, but not both', async () => {
    const sendForm = (...names: string[]) => {
      const form = new FormData()
      for (const name of names) form.append(name, new Blob([suite.picture]), 'p.png')
      return fetch(`${suite.server.url}/classify`, { method: 'POST', body: form })
    }
    await assertProblem(suite.server, await sendForm('image', 'images'), 400, /files "image" and "images"/)
    await assertProblem(suite.server, await sendForm('image', 'image'), 400, /send several as "images"/)
    await assertProblem(suite.server, await sendForm(...Array(4).fill('images')), 400, /at most 3 images/)
  })
})

describe('drawings', () => {
  const suite = loggedServer({ models: ['quadrants.onnx', 'detector.onnx'].map(golden) })
  it('are of one image', async () => {
    const send = (body: object) =>
      post(`${suite.server.url}/detect`, JSON.stringify({ ...body, draw: true }), 'application/json')
    const image = suite.picture.toString('base64')
    assert.equal((await send({ image })).headers.get('content-type'), 'image/png')
    await assertProblem(suite.server, await send({ images: [image] }), 400, /A drawing is of one image/)
  })
})
