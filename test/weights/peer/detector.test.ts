/**
 * The released detector's own program with random weights, in a checkpoint that TensorFlow's Saver writes: what is imported
 * finds the same, stage by stage. Runs where $PYTHON or python3 has the packages; with TOOLKIT_PEER=large also the full
 * network at 400 and at 1200 pixels, which takes minutes and 15 GB.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import sharp from 'sharp'
import { compile, openSession, trace } from '../../../src/engine/index.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { readModel } from '../../../src/shared/read-model.js'
import { detectorFrom } from '../../../src/train/detection/export.js'
import { detectorOf } from '../../../src/train/detection/network.js'
import { detectorSpecs } from '../../../src/train/detection/step.js'
import { newestCheckpoint } from '../../../src/train/run/run-folder.js'
import { inferenceContext } from '../../../src/train/step/inference-context.js'
import { readDetectorConfig } from '../../../src/train/tasks.js'
import { importDetector } from '../../../src/weights/convert/import-detector.js'
import { COCO_IDS, UNUSED_COCO_IDS } from '../../../src/weights/names/coco-categories.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { detectorParts, releasedAnchors, turned } from '../../helpers/weights/released-detector.js'

const run = promisify(execFile)
const python = process.env.PYTHON ?? 'python3'
const installed = await run(python, [
  '-c',
  'import importlib.util, sys; sys.exit(importlib.util.find_spec("object_detection") is None)',
]).then(
  () => true,
  () => false,
)
const skip = !installed && 'Python’s object_detection is not installed'

const SMALL = { changes: { filters: 8, stemFilters: 8 } }
const CASES = [
  ...[1, 2, 3].map((seed) => ({ kind: 'small', side: 208, seed, ...SMALL })),
  ...(process.env.TOOLKIT_PEER === 'large'
    ? [400, 1200].map((side) => ({ kind: 'large', side, seed: 1, changes: {} }))
    : []),
]

describe('the released detector beside its own program', () => {
  for (const { kind, side, seed, changes } of CASES)
    it(`${kind}, ${side} × ${side}, seed ${seed}`, { skip }, async (t) => {
      const folder = await temporaryFolder(t)
      const picture = await photograph(side)
      await writeFile(join(folder, 'picture'), picture)
      const script = join(packageRoot(), 'test/weights/peer/detect.py')
      const { stdout } = await run(
        python,
        [script, kind, String(side), String(seed), join(folder, 'picture'), folder],
        { maxBuffer: 2 ** 26, env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' } },
      )
      const shapes = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number[]>
      const released = async (name: string): Promise<Float32Array> => {
        const { buffer } = new Uint8Array(await readFile(join(folder, `${name}.bin`)))
        return new Float32Array(buffer)
      }

      const out = join(folder, 'run')
      const imported = await importDetector([join(folder, 'model.ckpt')], out, {
        changes,
        inputSize: [side, side],
      })
      assert.deepEqual(imported.ignored, { 'the number of steps trained': 1 })
      assert.equal(imported.classes, 80)
      const parts = await partsOf(out, picture)
      const anchors = { scales: 4, ratios: 3 }
      const report = (name: string, got: ArrayLike<number>, expected: ArrayLike<number>, limit: number) => {
        const { difference, deviation } = compare(got, expected)
        t.diagnostic(
          `${name} ${shapes[name]?.join(' × ') ?? ''}: ${difference.toExponential(1)}, deviation ${deviation.toPrecision(2)}`,
        )
        assert.ok(difference <= limit, `${name} differ by ${difference}`)
      }
      report('features', parts.features, await released('features'), 1e-3)
      report(
        'objectness',
        releasedAnchors(parts.objectness, [0, 1], anchors),
        await released('objectness'),
        1e-3,
      )
      report(
        'encodings',
        releasedAnchors(parts.encodings, [1, 0, 3, 2], anchors),
        await released('encodings'),
        1e-3,
      )
      report('proposals', turned(parts.proposals), await released('proposals'), 0.01)
      report('crops', parts.crops, await released('crops'), 1e-2)
      const [logits, refined] = [await released('logits'), await released('refined')]
      const order = [0, ...COCO_IDS, ...UNUSED_COCO_IDS]
      report(
        'logits',
        parts.logits,
        logits.map((_, i) => logits[i - (i % 91) + order[i % 91]]),
        1e-3,
      )
      const used = Array.from({ length: 50 * 80 * 4 }, (_, i) => {
        const [row, category, place] = [Math.floor(i / 320), Math.floor(i / 4) % 80, i % 4]
        return refined[(row * 90 + COCO_IDS[category] - 1) * 4 + place]
      })
      report('refined', turned(parts.refined), used, 1e-3)

      const detected = await detectionsOf(out, picture, side)
      const [boxes, scores, classes] = await Promise.all(['boxes', 'scores', 'classes'].map(released))
      // The API also finds the ids that no category has, where its weights are random.
      const kept = [...scores.keys()].filter((i) => COCO_IDS.includes(classes[i] + 1))
      t.diagnostic(`${kept.length} of the API's ${scores.length} detections are of a category`)
      const found = matched(
        kept.map((i) => ({
          category: classes[i] + 1,
          box: Array.from(boxes.subarray(4 * i, 4 * i + 4), (x) => x * side),
          score: scores[i],
        })),
        kept.map((_, row) => ({
          category: COCO_IDS[detected.classes[row]],
          box: turned(detected.boxes.subarray(4 * row, 4 * row + 4)),
          score: detected.scores[row],
        })),
      )
      t.diagnostic(
        `detections: boxes ${found.pixels.toExponential(1)} pixel, scores ${found.score.toExponential(1)}; ${found.moved} rows in other places`,
      )
      assert.ok(found.pixels <= 0.01, `boxes differ by ${found.pixels} pixels`)
      assert.ok(found.score <= 1e-4, `scores differ by ${found.score}`)
      await rm(out, { recursive: true })
    })
})

/** The parts of an imported run's detector for a picture, as the training engine computes them. */
async function partsOf(folder: string, picture: Uint8Array): Promise<Record<string, Float32Array>> {
  const config = await readDetectorConfig(folder)
  const { state } = (await newestCheckpoint(folder))!
  const { inputSize, data } = config
  const classes = data.categories!.length
  const detector = detectorOf(config, classes)
  const specs = detectorSpecs(config, { imageSize: inputSize, classes })
  const traced = trace((tracer) => {
    const images = tracer.input('images', [1, ...inputSize, 3])
    return detectorParts(
      detector,
      inferenceContext(specs, state),
      tf.sub(tf.mul(images, 2 / 255), 1) as tf.Tensor4D,
    )
  })
  const session = await openSession(compile(traced, { inputTypes: { images: 'uint8' } }).model, {
    optimize: true,
  })
  try {
    const results = await session.run({
      images: { type: 'uint8', shape: [1, ...inputSize, 3], data: picture.slice() },
    })
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]))
  } finally {
    await session.close()
  }
}

/** What the exported file finds. */
async function detectionsOf(folder: string, picture: Uint8Array, side: number) {
  const detector = await detectorFrom((await readModel(join(folder, 'detector.onnx'))).bytes, [side, side])
  try {
    return await detector.run(picture.slice())
  } finally {
    await detector.close()
  }
}

interface Detection {
  category: number
  box: number[]
  score: number
}

/**
 * The largest differences of detections of the same category, each with the nearest that is left. Rows may have changed
 * places, where scores are equal but for rounding: `moved` counts them.
 */
function matched(expected: readonly Detection[], got: readonly Detection[]) {
  const left = new Set(got.keys())
  let [pixels, score, moved] = [0, 0, 0]
  for (const [place, one] of expected.entries()) {
    const distance = (row: number): number =>
      got[row].category === one.category
        ? Math.max(...one.box.map((x, i) => Math.abs(x - got[row].box[i])))
        : Number.POSITIVE_INFINITY
    const row = [...left].reduce((best, other) => (distance(other) < distance(best) ? other : best))
    left.delete(row)
    pixels = Math.max(pixels, distance(row))
    score = Math.max(score, Math.abs(one.score - got[row].score))
    if (row !== place) moved++
  }
  return { pixels, score, moved }
}

/** Pixels of a picture of this repository. */
async function photograph(side: number): Promise<Uint8Array> {
  const file = join(packageRoot(), 'docs/embedded-detections.jpg')
  return sharp(file).resize(side, side, { fit: 'fill' }).removeAlpha().raw().toBuffer()
}

function compare(got: ArrayLike<number>, expected: ArrayLike<number>) {
  assert.equal(got.length, expected.length)
  let [difference, sum, squares] = [0, 0, 0]
  for (let i = 0; i < got.length; i++) {
    difference = Math.max(difference, Math.abs(got[i] - expected[i]))
    sum += expected[i]
    squares += expected[i] ** 2
  }
  return { difference, deviation: Math.sqrt(squares / got.length - (sum / got.length) ** 2) }
}
