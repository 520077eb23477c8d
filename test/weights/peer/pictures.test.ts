/**
 * Pictures of any size through the programs that published weights come from, and through `import-weights` and `evaluate`:
 * each prepares them in its own way, and the answers are the same. Runs where $PYTHON or python3 has the packages and
 * TOOLKIT_PICTURES names a folder of JPEGs; with TOOLKIT_PEER=large also timm's large network, which takes minutes.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { imageNetClasses } from '../../../datasets/classification/imagenet-classes.js'
import { decodeAhead } from '../../../datasets/sources/decode-ahead.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { readModel } from '../../../src/shared/read-model.js'
import { predictorFrom } from '../../../src/train/classification/export.js'
import { succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const run = promisify(execFile)
const python = process.env.PYTHON ?? 'python3'
const photographs = process.env.TOOLKIT_PICTURES
const script = (name: string): string => join(packageRoot(), 'test/weights/peer', name)
const { synsets } = imageNetClasses()

const PROGRAMS = [
  { program: 'slim', kind: 'mobile', side: 224, file: 'model.ckpt', count: 50 },
  ...(process.env.TOOLKIT_PEER === 'large'
    ? [{ program: 'timm', kind: 'large', side: 331, file: 'model.safetensors', count: 10 } as const]
    : []),
] as const

for (const { program, kind, side, file, count } of PROGRAMS)
  test(`${program} prepares pictures and answers`, {
    skip: !photographs && 'TOOLKIT_PICTURES',
  }, async (t) => {
    const folder = await temporaryFolder(t)
    const names = (await readdir(photographs!)).filter((name) => /\.jpe?g$/.test(name)).slice(0, count)
    const paths = names.map((name) => join(photographs!, name))
    const weights = join(folder, file)
    const ask = async (name: string, ...more: string[]): Promise<string> => {
      const options = { cwd: dirname(script(name)), maxBuffer: 2 ** 28 }
      const { stdout } = await run(python, [script(name), ...more], options)
      return stdout.trim().split('\n').at(-1)!
    }
    const network = [program, kind, String(side)]
    await writeFile(join(folder, 'grey'), Buffer.alloc(side * side * 3, 128))
    await ask('answer.py', 'write', ...network, join(folder, 'grey'), weights)
    const answers = JSON.parse(await ask('prepare.py', ...network, weights, ...paths))
    const expected: number[][] = answers.answers
    const rounded: number[][] = answers.rounded

    // The program's first guess is right for every seventh picture, its second for the next one, and so on.
    for (const [i, row] of expected.entries()) {
      const ranked = [...row.keys()].sort((a, b) => row[b] - row[a])
      const place = join(folder, 'val', synsets[ranked[i % 7]])
      await mkdir(place, { recursive: true })
      await copyFile(paths[i], join(place, names[i]))
    }
    const cwd = { cwd: folder }
    const pools = program === 'timm' ? 'timm' : 'slim'
    succeeds(
      await toolkit(
        ['import-weights', file, '--arch', `nasnet-a-${kind}`, '--out', 'run', '--pools', pools],
        cwd,
      ),
    )
    const evaluated = await toolkit(['evaluate', 'run', '--data', folder, '--json'], cwd)
    succeeds(evaluated)
    const metrics = JSON.parse(evaluated.stdout)
    const share = (ranks: number): number => expected.filter((_, i) => i % 7 < ranks).length / expected.length
    assert.deepEqual(
      [metrics.images, metrics.top1, metrics.top5, metrics.preprocessing],
      [expected.length, share(1), share(5), program],
    )

    const predictor = await predictorFrom((await readModel(join(folder, 'run/model.onnx'))).bytes, side)
    t.after(() => predictor.close())
    const source = {
      ...{ name: 'pictures', classes: ['any'], count: paths.length, labels: new Int32Array(paths.length) },
      ...{
        shards: null,
        place: (i: number) => ({ title: paths[i], path: paths[i], offset: 0, bytes: null }),
      },
    }
    const largest = { exact: 0, rounded: 0 }
    let at = 0
    const options = { batchSize: 1, size: side, preprocessing: program }
    for await (const { pixels } of decodeAhead(source, options)) {
      const answer = await predictor.run(pixels, 1)
      for (const [i, value] of answer.entries()) {
        largest.exact = Math.max(largest.exact, Math.abs(value - expected[at][i]))
        largest.rounded = Math.max(largest.rounded, Math.abs(value - rounded[at][i]))
      }
      at++
    }
    t.diagnostic(
      `largest difference of ${at} × 1,000 probabilities: ${largest.exact.toExponential(1)}, ` +
        `where the program rounds pixels to bytes too: ${largest.rounded.toExponential(1)}`,
    )
    // The decoders of JPEG round a few pixels differently, and random weights magnify that.
    assert.ok(largest.rounded < 1e-3, `the probabilities differ by ${largest.rounded}`)
    // TF-Slim scales to numbers between bytes.
    assert.ok(largest.exact < 2e-3, `the probabilities differ by ${largest.exact}`)
  })
