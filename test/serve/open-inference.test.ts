/**
 * The Open Inference Protocol as NVIDIA's client speaks it: requests that tritonclient made are sent as they are, and
 * answers are read as it reads them. Where $PYTHON or python3 has it, it asks itself, too.
 */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { RunningServer } from '../../serve/server.js'
import {
  corners,
  expectedScores,
  golden,
  json,
  quadrantImage,
  quadrantPixels,
  start,
} from '../helpers/serve/support.js'

interface Seen {
  shape: number[]
  type: string
  data: (number | string)[]
}

interface Case {
  name: string
  path: string
  headers: Record<string, string>
  body: string
  id: string | null
  outputs: Record<string, Seen>
}

interface Recording {
  client: Record<string, unknown>
  cases: Case[]
}

interface Output {
  name: string
  datatype: 'FP32' | 'INT32' | 'BYTES'
  shape: number[]
  parameters?: { binary_data_size: number }
  data?: (number | string)[]
}

const python = process.env.PYTHON ?? 'python3'
const hasClient = spawnSync(python, ['-c', 'import tritonclient.http']).status === 0
const recorded: Recording = JSON.parse(await readFile(golden('triton.json'), 'utf8'))

/** The values of an output, from the JSON or from the binary data behind it. */
function valuesOf({ datatype, data }: Output, binary: Buffer): (number | string)[] {
  if (data !== undefined) return data
  if (datatype !== 'BYTES')
    return Array.from({ length: binary.length / 4 }, (_, i) =>
      datatype === 'FP32' ? binary.readFloatLE(4 * i) : binary.readInt32LE(4 * i),
    )
  const texts: string[] = []
  for (let at = 0; at < binary.length; at += 4 + binary.readUInt32LE(at))
    texts.push(binary.toString('utf8', at + 4, at + 4 + binary.readUInt32LE(at)))
  return texts
}

async function readAnswer(
  response: Response,
): Promise<{ id?: string; outputs: Record<string, Omit<Seen, 'type'>> }> {
  const whole = Buffer.from(await response.arrayBuffer())
  assert.equal(response.status, 200, whole.toString())
  const length = Number(response.headers.get('inference-header-content-length') ?? whole.length)
  const { id, outputs } = JSON.parse(whole.toString('utf8', 0, length)) as { id?: string; outputs: Output[] }
  let at = length
  const read = outputs.map((output) => {
    const size = output.parameters?.binary_data_size ?? 0
    at += size
    return [output.name, { shape: output.shape, data: valuesOf(output, whole.subarray(at - size, at)) }]
  })
  assert.equal(at, whole.length)
  return { id, outputs: Object.fromEntries(read) }
}

/** Numbers within the rounding of 32 bits, all else exactly. */
function assertSame(found: unknown, expected: unknown, where: string): void {
  if (typeof expected === 'number' && typeof found === 'number')
    assert.ok(
      Math.abs(found - expected) <= 1e-5 * Math.max(1, Math.abs(expected)),
      `${where}: ${found}, not ${expected}`,
    )
  else if (typeof expected === 'object' && expected !== null) {
    assert.deepEqual(Object.keys(found as object), Object.keys(expected), where)
    for (const [key, value] of Object.entries(expected))
      assertSame((found as Record<string, unknown>)[key], value, `${where}.${key}`)
  } else assert.equal(found, expected, where)
}

describe('the Open Inference Protocol', () => {
  let server: RunningServer
  before(async () => {
    server = await start({ models: ['quadrants.onnx', 'detector.onnx'].map(golden), maxImages: 3 })
  })
  after(() => server.close())

  const get = (path: string) => fetch(server.url + path)
  const send = (body: unknown, headers: Record<string, string> = {}, model = 'quadrants') =>
    fetch(`${server.url}/v2/models/${model}/infer`, {
      method: 'POST',
      body: body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', ...headers },
    })

  for (const { name, path, headers, body, id, outputs } of recorded.cases)
    it(`answers what tritonclient sent: ${name}`, async () => {
      const response = await fetch(server.url + path, {
        method: 'POST',
        body: Buffer.from(body, 'base64'),
        headers,
      })
      const answer = await readAnswer(response)
      assert.equal(answer.id ?? null, id)
      for (const [output, { shape, data }] of Object.entries(outputs))
        assertSame(answer.outputs[output], { shape, data }, output)
    })

  it('gives what the models must give', () => {
    const of = (name: string) => recorded.cases.find((each) => each.name === name)!.outputs
    const scores = expectedScores(corners)
    assertSame(of('pixels in binary').probabilities.data, scores, 'probabilities')
    assertSame(of('files').probabilities.data.slice(0, 12), scores, 'of a file')
    // Blue at the bottom left, then green and red at the top.
    assert.deepEqual(
      of('the best classes')
        .probabilities.data.slice(0, 2)
        .map((text) => String(text).split(':').slice(1)),
      [
        ['8', 'bottom left blue'],
        ['0', 'top left red'],
      ],
    )
    // Boxes are in pixels of what was sent: twice as large in a picture twice as large.
    const [small, large] = ['a scene', 'a scene twice as large'].map(
      (name) => of(name).boxes.data as number[],
    )
    assertSame(small.slice(0, 8), [40, 30, 60, 46, 5, 6, 25, 16], 'boxes')
    for (const [i, edge] of small.slice(0, 8).entries()) assert.ok(Math.abs(large[i] - 2 * edge) <= 2)
  })

  it('takes images in base64 in JSON, flat or nested, and numbers in rows', async () => {
    const file = (await quadrantImage(24, 16).png().toBuffer()).toString('base64')
    const expected = { probabilities: { shape: [1, 12], data: expectedScores(corners) } }
    for (const data of [[file], [[file]]]) {
      const inputs = [{ name: 'images', shape: data[0] === file ? [1] : [1, 1], datatype: 'BYTES', data }]
      assertSame((await readAnswer(await send({ inputs }))).outputs, expected, 'outputs')
    }
    const pixels = Array.from(quadrantPixels(24, 16))
    const rows = [Array.from({ length: 16 }, (_, y) => pixels.slice(y * 72, (y + 1) * 72))]
    const inputs = [{ name: 'images', shape: [1, 16, 24, 3], datatype: 'FP32', data: rows }]
    assertSame((await readAnswer(await send({ inputs }))).outputs, expected, 'outputs')
  })

  it('says what is there', async () => {
    const detector = await json<{ outputs: unknown }>(await get('/v2/models/detector'))
    assert.deepEqual(detector.outputs, [
      { name: 'boxes', datatype: 'FP32', shape: [-1, -1, 4] },
      { name: 'scores', datatype: 'FP32', shape: [-1, -1] },
      { name: 'classes', datatype: 'INT32', shape: [-1, -1] },
    ])
    assert.deepEqual(await json(await get('/v2/models/detector/versions/1')), detector)
    assert.deepEqual(await json(await get('/v2/models/detector/versions/1/ready')), {
      name: 'detector',
      ready: true,
    })
    assert.deepEqual(await json(await get('/v2/health/live')), { live: true })
    assert.deepEqual(await json(await get('/v2/health/ready')), { ready: true })
    const about = await json<{ name: string; version: string }>(await get('/v2'))
    assert.equal(about.name, 'nasnet-toolkit')
    assert.match(about.version, /^\d+\.\d+\.\d+/)
  })

  it('refuses in its own form, naming what is wrong', async () => {
    const zeros = (count: number) => Array(count).fill(0)
    const input = (more: object) => ({
      inputs: [{ name: 'images', shape: [1, 16, 24, 3], datatype: 'UINT8', ...more }],
    })
    const binary = { 'Inference-Header-Content-Length': '2' }
    const refused: [response: Promise<Response>, status: number, words: RegExp][] = [
      [get('/v2/models/nothing'), 404, /no model "nothing"; there are quadrants, detector/],
      [get('/v2/models/quadrants/versions/2/ready'), 404, /no version "2"; it has 1/],
      [get('/v2/nothing'), 404, /nothing at/],
      [get('/v2/models/quadrants/infer'), 405, /GET is not possible/],
      [send([]), 400, /must be an object/],
      [send({ inputs: [] }), 400, /"inputs" is \[\], but must be a list of 1/],
      [
        send({ inputs: [{ ...input({}).inputs[0], name: 'x' }] }),
        400,
        /"inputs\[0\].name" is "x", but must be one of images/,
      ],
      [send({ ...input({ data: [] }), more: 1 }), 400, /"more" is not known here/],
      [send(input({ datatype: 'INT64', data: [] })), 400, /must be one of BYTES, UINT8, FP32/],
      [send(input({ data: zeros(5) })), 400, /has 5 elements, but the shape \[1,16,24,3\]/],
      [send(input({ data: [...zeros(1151), 256] })), 400, /value 256, but must have colours from 0 to 255/],
      [send(input({ data: [...zeros(1151), 'x'] })), 400, /must be numbers/],
      [send(input({ shape: [4, 16, 24, 3], data: [] })), 400, /4 images, but a request must have 1 to 3/],
      [send(input({})), 400, /either "data" or the parameter "binary_data_size"/],
      [
        send(input({ parameters: { binary_data_size: 9 } })),
        400,
        /announces 9 bytes of binary data, but 0 follow/,
      ],
      [
        send(input({ datatype: 'BYTES', shape: [1], data: ['?'] })),
        400,
        /"data"\[0\] .* must be an image file in base64/,
      ],
      [
        send({ ...input({ data: zeros(1152) }), outputs: [{ name: 'boxes' }] }),
        400,
        /no output "boxes"; it has "probabilities"/,
      ],
      [
        send({}, { 'Inference-Header-Content-Length': '99' }),
        400,
        /not a number of bytes from 0 to the body's 2/,
      ],
      [
        send(Buffer.from('{}'), { ...binary, 'Content-Type': 'text/csv' }),
        415,
        /content type text\/csv is not accepted/,
      ],
      [send(Buffer.from('{]'), binary), 400, /JSON body cannot be read/],
    ]
    for (const [response, status, words] of refused) {
      const answer = await response
      const { error, ...rest } = await json<{ error: string }>(answer)
      assert.match(error, words)
      assert.deepEqual([answer.status, rest], [status, {}], error)
      assert.match(answer.headers.get('content-type') ?? '', /^application\/json/)
    }
  })

  it('is understood by tritonclient', {
    skip: !hasClient && `${python} has no tritonclient[http]`,
  }, async () => {
    const script = golden('make_triton.py')
    const { stdout } = await promisify(execFile)(python, [script, new URL(server.url).host], {
      maxBuffer: 1 << 24,
    })
    const now: Recording = JSON.parse(stdout)
    assertSame(now.client, recorded.client, 'client')
    // What it sends may change with its version; what it understands may not.
    const understood = ({ name, id, outputs }: Case) => ({ name, id, outputs })
    assertSame(now.cases.map(understood), recorded.cases.map(understood), 'cases')
  })
})
