/**
 * The published networks with random weights, written by the programs that the weights come from: what is imported answers
 * as those programs do, and they answer the same with what is exported again. Runs where $PYTHON or python3 has the packages; with TOOLKIT_PEER=large also the large network,
 * which takes minutes.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { PRESETS } from '../../../models/index.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { exportWeights } from '../../../src/weights/convert/export-weights.js'
import { importWeights } from '../../../src/weights/convert/import-weights.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { largestDifference, logitsOf } from '../../helpers/weights/imported-run.js'

const run = promisify(execFile)
const python = process.env.PYTHON ?? 'python3'
const has = (module: string): Promise<boolean> =>
  run(python, [
    '-c',
    `import importlib.util, sys; sys.exit(importlib.util.find_spec("${module}") is None)`,
  ]).then(
    () => true,
    () => false,
  )

const PROGRAMS = [
  { program: 'slim', needs: 'object_detection', file: 'model.ckpt', pools: 'slim', format: 'tf-slim' },
  { program: 'keras', needs: 'keras', file: 'model.weights.h5', pools: 'keras', format: 'keras' },
  { program: 'keras2', needs: 'tf_keras', file: 'model.h5', pools: 'keras', format: 'keras' },
  { program: 'timm', needs: 'timm', file: 'model.safetensors', pools: 'timm', format: 'pytorch' },
] as const
/** Packages that are not installed. */
const missing = new Set<string>()
for (const { needs } of PROGRAMS) if (!(await has(needs))) missing.add(needs)
const KINDS = process.env.TOOLKIT_PEER === 'large' ? (['mobile', 'large'] as const) : (['mobile'] as const)

for (const kind of KINDS)
  describe(`NASNet-A ${kind} beside the programs that its weights come from`, () => {
    const arch = `nasnet-a-${kind}` as const
    const { inputSize } = PRESETS[arch]
    for (const { program, needs, file, pools, format } of PROGRAMS) {
      if (program === 'timm' && kind === 'mobile') continue
      const skip = missing.has(needs) && `Python’s ${needs} is not installed`
      it(program, { skip }, async (t) => {
        const folder = await temporaryFolder(t)
        const picture = await photograph(inputSize)
        await writeFile(join(folder, 'picture'), picture)
        const logitsBy = (mode: 'write' | 'load', weights: string) =>
          answer([mode, program, kind, String(inputSize), join(folder, 'picture'), weights])
        const weights = join(folder, file)
        const logits = await logitsBy('write', weights)
        const imported = await importWeights([weights], join(folder, 'run'), {
          arch,
          changes: { stridedPools: pools },
        })
        assert.equal(imported.classes, 1000)
        const got = await logitsOf(join(folder, 'run'), picture)
        const difference = largestDifference(got, logits)
        t.diagnostic(
          `largest difference of logits ${difference.toExponential(1)}, their deviation ${deviation(logits).toFixed(1)}`,
        )
        assert.ok(
          difference < 1e-4 * Math.max(1, deviation(logits) / 5),
          `the logits differ by ${difference}`,
        )

        const exported = join(folder, `exported-${file}`)
        await exportWeights(join(folder, 'run'), format, exported)
        const loaded = largestDifference(await logitsBy('load', exported), logits)
        t.diagnostic(`with what is exported they differ by ${loaded.toExponential(1)}`)
        // TF-Slim computes a head of 1,000 classes in another order than one of 1,001.
        assert.ok(loaded < 5e-5, `with the exported file, the program's logits differ by ${loaded}`)
      })
    }
  })

/** The logits that Python's program prints. */
async function answer(args: string[]): Promise<number[]> {
  const script = join(packageRoot(), 'test/weights/peer/answer.py')
  const { stdout } = await run(python, [script, ...args], {
    cwd: dirname(script),
    maxBuffer: 2 ** 26,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  })
  return (JSON.parse(stdout.trim().split('\n').at(-1)!) as { logits: number[] }).logits
}

/** Pixels of a picture of this repository. */
async function photograph(side: number): Promise<Uint8Array> {
  const file = join(packageRoot(), 'docs/embedded-detections.jpg')
  return sharp(file).resize(side, side, { fit: 'fill' }).removeAlpha().raw().toBuffer()
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}
