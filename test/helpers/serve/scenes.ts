/** Scenes of coloured rectangles, of which the golden detectors must find the boxes. */
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import sharp, { type Sharp } from 'sharp'
import type { Detection } from '../../../serve/detections.js'
import type { RunningServer } from '../../../serve/server.js'
import { type Body, golden, post, start } from './support.js'

export type Box = [x: number, y: number, width: number, height: number]

/** What make_models.py calls the colours, in the order of the channels. */
export const categories = [
  { id: 7, label: 'red' },
  { id: 20, label: 'green & lime' },
  { id: 3, label: 'blue' },
]

/** [height, width] that the golden detectors take. */
export const VIEW = [48, 64] as const

export interface Thing {
  /** 0 red, 1 green, 2 blue. */
  channel: number
  /** Above 127. */
  brightness: number
  box: Box
}

/** Three things for a scene of the size that the model takes, where nothing is scaled. */
export const threeThings: Thing[] = [
  { channel: 1, brightness: 200, box: [5, 6, 20, 10] },
  { channel: 2, brightness: 140, box: [40, 30, 24, 18] },
  { channel: 0, brightness: 250, box: [30, 2, 8, 21] },
]

/** Raw RGB of things on a dark ground, the later ones on top. */
export function scenePixels(width: number, height: number, things: Thing[], ground = 60): Buffer {
  const pixels = Buffer.alloc(width * height * 3, ground)
  for (const { channel, brightness, box } of things) {
    const colour = [0, 0, 0]
    colour[channel] = brightness
    const [left, top, w, h] = box
    for (let y = top; y < top + h; y++)
      for (let x = left; x < left + w; x++) pixels.set(colour, (y * width + x) * 3)
  }
  return pixels
}

export function scene(width: number, height: number, things: Thing[]): Sharp {
  return sharp(scenePixels(width, height, things), { raw: { width, height, channels: 3 } })
}

/** What a golden detector must say of a thing where its score is exact: on scenes of the size that it takes. */
export function expectedScore({ brightness }: Thing): number {
  return (brightness - 127.5) / 127.5
}

export interface Detected {
  model: string
  width: number
  height: number
  detections: Detection[]
  milliseconds: Record<string, number>
}

/** Posts a picture and asserts that it is answered. */
export async function detected(
  server: RunningServer,
  body: Body,
  query: Record<string, string> = {},
  type = 'image/png',
): Promise<Detected> {
  const response = await post(`${server.url}/detect?${new URLSearchParams(query)}`, body, type)
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return JSON.parse(text)
}

export interface DetectorSuite {
  server: RunningServer
  /** A PNG of {@link threeThings}. */
  picture: Buffer
  /** Posts a picture, by default that one, to the golden detector that letterboxes. */
  ask(query?: Record<string, string>, body?: Body, type?: string): Promise<Detected>
}

/** A server with both golden detectors for the tests of one suite: call it in the suite, read it in the tests. */
export function detectorServer(): DetectorSuite {
  const shared = {
    ask: (query = {}, body = shared.picture, type) =>
      detected(shared.server, body, { model: 'detector', ...query }, type),
  } as DetectorSuite
  before(async () => {
    shared.server = await start({ models: ['detector.onnx', 'stretching.onnx'].map(golden), workers: 2 })
    shared.picture = await scene(VIEW[1], VIEW[0], threeThings).png().toBuffer()
  })
  after(() => shared.server.close())
  return shared
}

/** Asserts that each edge of a box lies where it must, within `tolerance` pixels along each axis. */
export function assertBox(found: Box, expected: Box, tolerance: readonly [x: number, y: number]): void {
  const edges = ([x, y, width, height]: Box) => [x, y, x + width, y + height]
  const wanted = edges(expected)
  edges(found).forEach((edge, i) => {
    const message = `[${found}] is not [${expected}] within [${tolerance}]`
    assert.ok(Math.abs(edge - wanted[i]) <= tolerance[i % 2] + 1e-6, message)
  })
}
