/**
 * Images with one red rectangle each on a dark ground, a detector that finds red without training, and a stand-in
 * for the compiled step: a linear model of an image's mean colours and of its boxes, trained by momentum in plain
 * JavaScript. What it does is a function of its inputs alone; its noise depends on (seed, step, batch).
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { type Annotation, COCO } from '#coco-ts'
import { toDetectionImage } from '../../../../datasets/detection/coco-set.js'
import type { DetectionSet } from '../../../../datasets/detection/detection-set.js'
import { NO_OBJECT } from '../../../../models/ground-truth.js'
import { random } from '../../../../src/shared/random.js'
import type { DetectorRunConfig } from '../../../../src/train/detection/config.js'
import type { Detector, DetectorStepResult } from '../../../../src/train/detection/step-types.js'
import type { DetectorCompiler } from '../../../../src/train/detection/train.js'
import type { StateVectors } from '../../../../src/train/step/step-types.js'
import { tinyDetector } from './tiny-detector.js'

export const CATEGORIES = [{ id: 7, name: 'red' }]

export interface RedScene {
  width: number
  height: number
  /** COCO's [x, y, width, height]. */
  bbox: [number, number, number, number]
}

/** Scenes of several sizes, wide and high. */
export function redScenes(count: number, seed = 0): RedScene[] {
  return Array.from({ length: count }, (_, i) => {
    const { uniform } = random(seed, 'scene', i)
    const between = (low: number, high: number) => low + Math.floor(uniform() * (high - low))
    const [width, height] = [between(70, 130), between(70, 130)]
    const [w, h] = [between(20, 50), between(20, 50)]
    return { width, height, bbox: [between(0, width - w), between(0, height - h), w, h] }
  })
}

export function paint({ width, height, bbox: [left, top, w, h] }: RedScene): Promise<Buffer> {
  const red = { create: { width: w, height: h, channels: 3 as const, background: '#ff0000' } }
  return sharp({ create: { width, height, channels: 3, background: '#101830' } })
    .composite([{ input: red, left, top }])
    .png()
    .toBuffer()
}

export const fileName = (index: number): string => `${index}.png`

function datasetOf(scenes: RedScene[]) {
  return {
    images: scenes.map(({ width, height }, i) => ({ id: i + 1, width, height, file_name: fileName(i) })),
    annotations: scenes.map(
      ({ bbox }, i): Annotation => ({
        id: i + 1,
        image_id: i + 1,
        category_id: CATEGORIES[0].id,
        bbox,
        area: bbox[2] * bbox[3],
        iscrowd: 0,
      }),
    ),
    categories: CATEGORIES,
  }
}

/** The scenes as a set in memory. */
export async function redSet(count: number, seed = 0): Promise<DetectionSet> {
  const scenes = redScenes(count, seed)
  const files = await Promise.all(scenes.map(paint))
  const coco = new COCO(datasetOf(scenes))
  return {
    name: 'red scenes',
    categories: CATEGORIES,
    images: coco.dataset.images.map((image) =>
      toDetectionImage(
        image,
        image.file_name!,
        coco.imgToAnns.get(image.id),
        new Map([[CATEGORIES[0].id, 0]]),
      ),
    ),
    coco,
    source: (index) => files[index],
  }
}

/** The scenes as files: `folder`/*.png and `folder`.json. */
export async function writeRedScenes(folder: string, count: number, seed = 0): Promise<void> {
  const scenes = redScenes(count, seed)
  await mkdir(folder, { recursive: true })
  for (const [i, scene] of scenes.entries()) await writeFile(join(folder, fileName(i)), await paint(scene))
  await writeFile(`${folder}.json`, JSON.stringify(datasetOf(scenes)))
}

/** A short run on such scenes: steps of 2 batches of 2, checkpoints every 3 steps. */
export function redConfig(changes: Partial<DetectorRunConfig> = {}): DetectorRunConfig {
  return tinyDetector({
    data: {
      kind: 'coco',
      train: { images: 'red', annotations: 'red.json' },
      validation: null,
      limit: null,
      validationLimit: null,
      categories: CATEGORIES,
    },
    batchSize: 2,
    accumulate: 2,
    length: { kind: 'epochs', amount: 3 },
    learningRate: { kind: 'cosine', peak: 0.05, warmup: 0 },
    augmentation: { flip: true, scale: [0.8, 1.25], minVisible: 0.3, colour: 0 },
    averageDecay: 0.9,
    checkpoint: { steps: 3, seconds: null },
    ...changes,
  })
}

/** Where red pixels lie on an input: [x1, y1, x2, y2], null where there are none. */
export function findRed(pixels: ArrayLike<number>, width: number, threshold: number) {
  const box = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0]
  for (let i = 0; i < pixels.length; i += 3) {
    if (pixels[i] < threshold) continue
    const [x, y] = [(i / 3) % width, Math.floor(i / 3 / width)]
    box[0] = Math.min(box[0], x)
    box[1] = Math.min(box[1], y)
    box[2] = Math.max(box[2], x + 1)
    box[3] = Math.max(box[3], y + 1)
  }
  return box[2] > 0 ? box : null
}

export const LAYOUT = [
  { path: 'stem/kernel', shape: [2, 3], vector: 'parameters', offset: 0, size: 6 },
  { path: 'regions/classes/weights', shape: [2], vector: 'parameters', offset: 6, size: 2 },
  { path: 'stem/mean', shape: [3], vector: 'statistics', offset: 0, size: 3 },
]

export interface LinearDetector extends DetectorCompiler {
  /** [H, W] of each step that was built, in order. */
  built: string[]
  /** How many of them are not closed. */
  open(): number
  /** State vectors of which detectors were built. */
  measured: StateVectors[]
}

/** Builds linear steps; `onRun` sees each step's number first and may change its result. */
export function linearDetector(
  onRun: (step: number, result: DetectorStepResult) => DetectorStepResult = (_, result) => result,
): LinearDetector {
  const built: string[] = []
  const measured: StateVectors[] = []
  let open = 0
  return {
    built,
    measured,
    open: () => open,
    async buildDetectorStep(config, { imageSize }) {
      built.push(String(imageSize))
      open++
      const state: StateVectors = {
        parameters: new Float32Array(8),
        statistics: new Float32Array(3),
        momentum: new Float32Array(8),
        averageParameters: new Float32Array(8),
        averageStatistics: new Float32Array(3),
      }
      return {
        layout: LAYOUT,
        batchSize: config.batchSize,
        imageSize,
        maxObjects: config.maxObjects,
        parameters: 11,
        async run({ batches, learningRate, step }) {
          const gradient = new Float32Array(8)
          let loss = 0
          for (const [index, { images, boxes, labels }] of batches.entries()) {
            await new Promise((resolve) => setImmediate(resolve))
            const { uniform } = random(config.seed, 'noise', step, index)
            const share = 1 / (batches.length * config.batchSize)
            for (let image = 0; image < config.batchSize; image++) {
              const features = featuresOf(
                images
                  .subarray((image * images.length) / config.batchSize)
                  .subarray(0, images.length / config.batchSize),
                boxes.subarray(image * config.maxObjects * 4, (image + 1) * config.maxObjects * 4),
                labels.subarray(image * config.maxObjects, (image + 1) * config.maxObjects),
              )
              const miss =
                features.reduce((sum, value, i) => sum + value * state.parameters[i], -1) + 0.01 * uniform()
              loss += share * miss ** 2
              for (let i = 0; i < 8; i++) gradient[i] += 2 * share * miss * features[i]
              for (let i = 0; i < 3; i++) state.statistics[i] = 0.9 * state.statistics[i] + 0.1 * features[i]
            }
          }
          for (let i = 0; i < 8; i++) {
            state.momentum[i] = 0.9 * state.momentum[i] + gradient[i]
            state.parameters[i] -= learningRate * state.momentum[i]
            state.averageParameters[i] = 0.9 * state.averageParameters[i] + 0.1 * state.parameters[i]
          }
          for (let i = 0; i < 3; i++)
            state.averageStatistics[i] = 0.9 * state.averageStatistics[i] + 0.1 * state.statistics[i]
          const quarter = loss / 4
          const parts = { objectness: quarter, anchorBoxes: quarter, classification: quarter, boxes: quarter }
          return onRun(step, { loss, ...parts, gradientNorm: Math.hypot(...gradient) })
        },
        state: async () =>
          Object.fromEntries(Object.entries(state).map(([name, vector]) => [name, vector.slice()])),
        async load(saved) {
          for (const [name, vector] of Object.entries(state)) vector.set(saved[name])
        },
        async close() {
          open--
        },
      }
    },
    async buildDetector(config, state) {
      measured.push(state)
      return redDetector(config.inputSize)
    },
  }
}

function featuresOf(images: Float32Array, boxes: Float32Array, labels: Int32Array): number[] {
  const colours = [0, 0, 0]
  for (const [i, value] of images.entries()) colours[i % 3] += (3 * value) / images.length
  const objects = labels.filter((label) => label !== NO_OBJECT).length
  const places = [0, 1, 2, 3].map((side) =>
    boxes.reduce((sum, value, i) => sum + (i % 4 === side ? value / 100 : 0), 0),
  )
  return [...colours, objects, ...places]
}

function redDetector([, width]: readonly [number, number]): Detector {
  return {
    async run(image) {
      const box = findRed(image, width, 160)
      return {
        boxes: Float32Array.from(box ?? [0, 0, 0, 0]),
        scores: Float32Array.of(box === null ? 0 : 0.9),
        classes: Int32Array.of(0),
      }
    },
    async close() {},
  }
}
