/** What torchvision makes of boxes (golden/boxes.json), and the comparison of both our ways to run with it. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as tf from '@tensorflow/tfjs'
import { blockSize } from '../../../src/engine/index.js'
import { assertClose, compiled, eagerly, type Given, type Results } from '../engine/compare.js'

type Rows = number[][]

interface Golden {
  overlaps: { a: Rows; b: Rows; area: number[]; iou: (number | null)[][] }
  coverage: { boxes: Rows; crowds: Rows; shares: Rows }
  clipping: { boxes: Rows; size: [number, number]; clipped: Rows }
  suppression: { about: string; boxes: Rows; scores: number[]; iou: number; kept: number[] }[]
  suppressionByClass: { boxes: Rows; scores: number[]; classes: number[]; iou: number; kept: number[] }
  coding: {
    anchors: Rows
    truth: Rows
    coders: { scale: [number, number, number, number]; encoded: Rows; deltas: Rows; decoded: Rows }[]
  }
  anchors: {
    base: number
    scales: number[]
    ratios: number[]
    stride: number
    feature: [number, number]
    anchors: Rows
  }[]
  regionFeatures: {
    about: string[][]
    shape: [number, number, number, number]
    features: number[]
    boxes: Rows[]
    results: { crop: number; samplingRatio: number; crops: number[]; gradient: number[] }[]
  }
  matching: { anchors: Rows; truth: Rows; positiveIou: number; negativeIou: number; matched: number[] }[]
}

let root = dirname(fileURLToPath(import.meta.url))
while (!existsSync(join(root, 'package.json'))) root = dirname(root)
export const golden: Golden = JSON.parse(readFileSync(join(root, 'test/models/golden/boxes.json'), 'utf8'))

/** A tensor from nested lists. */
export function given(rows: number[] | Rows | Rows[], dtype: 'float32' | 'int32' = 'float32'): Given {
  const shape: number[] = []
  for (let level: unknown = rows; Array.isArray(level); level = level[0]) shape.push(level.length)
  return { shape, data: (rows as unknown[]).flat(2) as number[], dtype }
}

/** What a comparison expects: shape and numbers. */
export const expected = (rows: number[] | Rows | Rows[]): Results[string] => {
  const { shape, data } = given(rows)
  return { shape, data: Array.from(data) }
}

/** Fails unless `f` answers `results` on TensorFlow.js's CPU backend and as a compiled graph, plain and blocked. */
export async function assertAnswers(
  what: string,
  f: (inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>,
  inputs: Record<string, Given>,
  results: Results,
  tolerance = 1e-6,
): Promise<void> {
  assertClose(await eagerly(f, inputs), results, tolerance, `${what}, eager`)
  for (const block of new Set([0, await blockSize()]))
    assertClose(await compiled(f, inputs, block), results, tolerance, `${what}, compiled, block ${block}`)
}
