/** What torchvision makes of feature pyramids (golden/pyramid.json). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../../src/shared/package-root.js'
import type { Given } from '../engine/compare.js'

type Rows = number[][]

interface Numbers {
  shape: number[]
  data: number[]
}

interface Golden {
  pyramid: {
    strides: number[]
    channels: number
    maps: Numbers[]
    weights: Record<string, Numbers>
    levels: Numbers[]
  }
  anchors: {
    strides: number[]
    features: [number, number][]
    base: number
    scales: Rows
    ratios: number[]
    anchors: Rows
  }
  levels: { boxes: Rows; results: { strides: number[]; canonicalSize: number; levels: number[] }[] }
  crops: {
    imageSize: [number, number]
    strides: number[]
    canonicalSize: number
    boxes: Rows[]
    levels: number[]
    maps: Numbers[]
    results: { crop: number; samplingRatio: number; crops: number[]; gradients: Rows }[]
  }
  filtering: {
    imageSize: [number, number]
    anchorsPerMap: number[]
    boxes: Rows
    scores: number[]
    nmsIou: number
    results: { preNmsTopN: number; postNmsTopN: number; kept: Rows }[]
  }
}

export const pyramidGolden: Golden = JSON.parse(
  readFileSync(join(packageRoot(), 'test/models/golden/pyramid.json'), 'utf8'),
)

/** Tensors by the name of their group and their number. */
export const numbered = (name: string, tensors: readonly Numbers[]): Record<string, Given> =>
  Object.fromEntries(tensors.map((tensor, i) => [`${name} ${i}`, tensor]))
