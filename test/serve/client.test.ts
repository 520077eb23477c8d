/** The client of the package, against a server, and against what is none. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { Client, ServerError } from '../../serve/client/index.js'
import type { RunningServer } from '../../serve/server.js'
import { scene, threeThings, VIEW } from '../helpers/serve/scenes.js'
import { type Answer, assertScores, corners, golden, quadrantImage, start } from '../helpers/serve/support.js'

const apiKey = 'the-key-of-the-client'

/** Asserts that a server refuses. */
async function refusal(asked: Promise<unknown>): Promise<ServerError> {
  const error = await asked.then(
    () => assert.fail('it should have been refused'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof ServerError, String(error))
  return error
}

describe('Client', () => {
  let server: RunningServer
  let client: Client
  let picture: Buffer
  before(async () => {
    server = await start({
      models: ['quadrants.onnx', 'detector.onnx'].map(golden),
      apiKeys: [apiKey],
      maxImages: 4,
    })
    client = new Client(`${server.url}/`, { apiKey })
    picture = await quadrantImage(24, 16).png().toBuffer()
  })
  after(() => server.close())

  it('classifies one image or several, whatever holds their bytes', async () => {
    const bytes = new Uint8Array(picture)
    for (const image of [picture, bytes, bytes.buffer, new Blob([bytes])])
      assertScores((await client.classify(image, { top: 12 })) as unknown as Answer, corners, 1e-5)
    const turned = [...corners].reverse()
    const other = await quadrantImage(24, 16, turned).png().toBuffer()
    const { model, results, milliseconds } = await client.classify([picture, other], { top: 12 })
    assert.equal(model, 'quadrants')
    assert.ok(milliseconds.total > 0)
    assert.equal(results.length, 2)
    for (const [i, colours] of [corners, turned].entries())
      assertScores({ ...results[i], model, milliseconds: {} }, colours, 1e-5)
    // A list of one is answered by a list.
    assert.equal((await client.classify([picture])).results[0].predictions.length, 5)
  })

  it('finds objects', async () => {
    const things = await scene(VIEW[1], VIEW[0], threeThings).png().toBuffer()
    const { detections } = await client.detect(things, { max: 2, minScore: 0.1, model: 'detector' })
    assert.deepEqual(
      detections.map(({ label, bbox }) => [label, bbox]),
      [
        ['red', threeThings[2].box],
        ['green & lime', threeThings[0].box],
      ],
    )
    assert.equal((await client.detect([things, picture])).results.length, 2)
  })

  it('tells whether the server is ready', async () => {
    const models = ['quadrants', 'detector'].map((name) => ({ name, ready: true }))
    assert.deepEqual(await client.health(), { ready: true, models })
  })

  it('throws what the server says, with its status and the id of the request', async () => {
    const wrong = await refusal(client.classify(picture, { top: 13 }))
    assert.equal(wrong.status, 400)
    assert.match(wrong.message, /"top" is 13, but must be a whole number from 1 to 12/)
    assert.match(wrong.requestId ?? '', /^[0-9a-f-]{36}$/)
    const broken = await refusal(client.classify([picture, new Uint8Array([1, 2])]))
    assert.match(broken.message, /^Image 2 of 2: The bytes are not an image/)
    assert.match((await refusal(client.classify(Array(5).fill(picture)))).message, /at most 4 images/)
    const stranger = new Client(server.url)
    assert.equal((await refusal(stranger.detect(picture))).status, 401)
    const ended = AbortSignal.abort()
    await assert.rejects(client.classify(picture, { signal: ended }), { name: 'AbortError' })
  })

  it('is not confused by what is no such server', async () => {
    const other = createServer((_request, response) => {
      response.writeHead(502, { 'Retry-After': '7' }).end('<html>Bad gateway</html>')
    }).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const stranger = new Client(`http://127.0.0.1:${(other.address() as AddressInfo).port}`)
    for (const ask of [() => stranger.classify(picture), () => stranger.health()]) {
      const error = await refusal(ask())
      assert.deepEqual([error.status, error.retryAfter], [502, 7])
      assert.match(error.message, /answered with status 502, and not with JSON/)
    }
    other.close()
    await once(other, 'close')
    await assert.rejects(stranger.health(), TypeError)
  })
})
