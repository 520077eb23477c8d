/** What the server's tests share: golden models, pictures with known colours, and a small client. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'
import sharp, { type Sharp } from 'sharp'
import { noLog } from '../../../serve/log.js'
import { type RunningServer, type ServerOptions, startServer } from '../../../serve/server.js'

/** Path of a golden model, found in the source tree wherever the compiled test lies. */
export function golden(file: string): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return join(folder, 'test/serve/golden', file)
}

export function start(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  return startServer({
    models: [golden('quadrants.onnx')],
    port: 0,
    workers: 1,
    threads: 1,
    log: noLog,
    ...options,
  })
}

/** What the tests of one suite share. */
export interface LoggedServer {
  server: RunningServer
  /** A PNG of four quadrants. */
  picture: Buffer<ArrayBuffer>
  /** What the server has logged. */
  entries: Record<string, unknown>[]
}

/** A server with a log that is kept, for the tests of one suite: call it in the suite, read it in the tests. */
export function loggedServer(options: Partial<ServerOptions>): LoggedServer {
  const shared = { entries: [] as LoggedServer['entries'] } as LoggedServer
  before(async () => {
    shared.server = await start({ ...options, log: (entry) => shared.entries.push(entry) })
    shared.picture = Buffer.from(await quadrantImage(24, 16).png().toBuffer())
  })
  after(() => shared.server.close())
  return shared
}

export type Colour = [red: number, green: number, blue: number]

/** Top left, top right, bottom left, bottom right: all different, also when two are exchanged. */
export const corners: Colour[] = [
  [230, 20, 40],
  [30, 210, 60],
  [10, 50, 240],
  [220, 200, 100],
]

/** Raw RGB of a picture of four quadrants; `width` and `height` even. */
export function quadrantPixels(width: number, height: number, colours = corners): Buffer {
  const pixels = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const quadrant = (y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)
      pixels.set(colours[quadrant], (y * width + x) * 3)
    }
  return pixels
}

export function quadrantImage(width: number, height: number, colours = corners): Sharp {
  return sharp(quadrantPixels(width, height, colours), { raw: { width, height, channels: 3 } })
}

/** A JPEG of pixels without a pattern, which no format makes much smaller: drawn, it is as large as its pixels. */
export function noisyJpeg(side: number): Promise<Buffer> {
  const noise = Buffer.alloc(side * side * 3).map((_, i) => Math.imul(i, 2654435761) >>> 24)
  return sharp(noise, { raw: { width: side, height: side, channels: 3 } })
    .jpeg()
    .toBuffer()
}

export function solid(colour: Colour, width = 24, height = 16): Sharp {
  return quadrantImage(width, height, [colour, colour, colour, colour])
}

/** Which side the stored first row and first column are seen at, for each EXIF orientation (TIFF 6.0, tag 274). */
const orientations = [
  '',
  'top left',
  'top right',
  'bottom right',
  'bottom left',
  'left top',
  'right top',
  'right bottom',
  'left bottom',
]

/** A picture as a camera stores it that was held so: `pixels` (RGB) are what is seen. */
export function storedAs(orientation: number, pixels: Buffer, width: number, height: number): Sharp {
  const [firstRow, firstColumn] = orientations[orientation].split(' ')
  const turned = orientation >= 5
  const [columns, rows] = turned ? [height, width] : [width, height]
  const fromFar = (side: string) => side === 'bottom' || side === 'right'
  const stored = Buffer.alloc(pixels.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const down = fromFar(firstRow) ? rows - 1 - row : row
      const across = fromFar(firstColumn) ? columns - 1 - column : column
      const [x, y] = turned ? [down, across] : [across, down]
      const seen = (y * width + x) * 3
      stored.set(pixels.subarray(seen, seen + 3), (row * columns + column) * 3)
    }
  return sharp(stored, { raw: { width: columns, height: rows, channels: 3 } }).withMetadata({ orientation })
}

/** What quadrants.onnx must answer for these colours: softmax(10 · channel / 255) over quadrant and channel. */
export function expectedScores(colours: Colour[]): number[] {
  const powers = colours.flat().map((value) => Math.exp((10 * value) / 255))
  const sum = powers.reduce((a, b) => a + b)
  return powers.map((power) => power / sum)
}

/** What may be posted. */
export type Body = string | Uint8Array<ArrayBuffer> | Buffer | ReadableStream

export interface Answer {
  model: string
  width: number
  height: number
  predictions: { classId: number; label: string; score: number }[]
  milliseconds: Record<string, number>
}

export async function post(url: string, body: Body, type = 'image/png'): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body,
    headers: { 'Content-Type': type },
    duplex: 'half',
  } as RequestInit)
}

/** The JSON that a response carries. */
export async function json<T>(response: Response): Promise<T> {
  return (await response.json()) as T
}

/** Posts a picture and asserts that it is classified. */
export async function classified(server: RunningServer, body: Body, type = 'image/png'): Promise<Answer> {
  const response = await post(`${server.url}/classify?top=12`, body, type)
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return JSON.parse(text)
}

/** Asserts that a picture's twelve scores are those of a picture with these quadrants. */
export function assertScores(answer: Answer, colours: Colour[], tolerance: number): void {
  const scores: number[] = []
  for (const { classId, score } of answer.predictions) scores[classId] = score
  expectedScores(colours).forEach((expected, classId) => {
    const message = `class ${classId}: ${scores[classId]}, expected ${expected}`
    assert.ok(Math.abs(scores[classId] - expected) <= tolerance, message)
  })
}

/** Asserts a well-formed problem with the given status, and that the next good request is answered. */
export async function assertProblem(
  server: RunningServer,
  response: Response,
  status: number,
  detail: RegExp,
) {
  const text = await response.text()
  assert.equal(response.status, status, text)
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
  const problem = JSON.parse(text)
  assert.deepEqual(Object.keys(problem), ['type', 'title', 'status', 'detail'])
  assert.equal(problem.status, status)
  assert.match(problem.detail, detail)
  await assertWorks(server)
}

export async function assertWorks(server: RunningServer): Promise<void> {
  assertScores(await classified(server, await quadrantImage(24, 16).png().toBuffer()), corners, 1e-5)
}
