/**
 * The toolkit's side of the benchmark, in a process of its own so that its peak memory is its own. `prepare` writes the
 * exported model with random weights, and images; `run` prints one line of JSON, as peer.py does. Arguments: which of
 * them; the folder; the network; with `run` also the batch size, warm-up runs, runs, and where profiles go (optional).
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { PRESETS, type PresetName } from '../../models/index.js'
import { openSession } from '../../src/runtime/session.js'
import { random } from '../../src/shared/random.js'
import { classifierCard } from '../../src/train/classification/card.js'
import type { RunConfig } from '../../src/train/classification/config.js'
import { exportModel } from '../../src/train/classification/export.js'
import { networkOf } from '../../src/train/classification/network.js'
import { presets } from '../../src/train/classification/presets.js'
import { classifierSpecs } from '../../src/train/classification/step.js'
import { initialVectors, layoutOf } from '../../src/train/step/flat-state.js'
import type { InferReport } from './report.js'

const [mode, folder, network, batch, warmup, runs, profilePrefix] = process.argv.slice(2)
const { config: published, inputSize: size } = PRESETS[network as PresetName]
const files = {
  model: join(folder, `${network}.onnx`),
  digest: join(folder, `${network}.sha256`),
  images: join(folder, `${network}.rgb`),
}

async function prepare(images: number): Promise<void> {
  const { 'paper-cifar': paper } = presets
  const { genotype, stem, cells, filters, stemFilters, skipReduction, dropout, batchNorm, classes } =
    published
  const sizes = { stem, cells, filters, stemFilters, skipReduction, dropout, batchNorm }
  const labels = Array.from({ length: classes }, (_, label) => `class ${label}`)
  const config: RunConfig = {
    ...paper,
    data: { ...paper.data, classes: labels, imageSize: size },
    model: { name: network, genotype, ...sizes },
    dropPathKeep: 1,
    auxiliaryWeight: 0,
  }
  const { parameters: specs } = classifierSpecs(networkOf(config, classes), 1, size)
  const state = initialVectors(layoutOf(specs), specs, config.seed)
  const model = await exportModel(config, state, classifierCard(config, 0, []))
  writeFileSync(files.model, model)
  writeFileSync(files.digest, createHash('sha256').update(model).digest('hex'))
  const { uniform } = random(1, 'benchmark')
  writeFileSync(
    files.images,
    Uint8Array.from({ length: images * size * size * 3 }, () => uniform() * 256),
  )
}

/** In a session as the server opens it. */
async function run(images: number): Promise<InferReport> {
  const model = { path: files.model, sha256: readFileSync(files.digest, 'utf8') }
  const data = new Uint8Array(readFileSync(files.images)).subarray(0, images * size * size * 3)
  const begin = performance.now()
  const options = { optimize: true, memoryPattern: true, exclusive: true, profilePrefix }
  const session = await openSession(model, options)
  const shape = [images, size, size, 3]
  // The session takes the bytes that it is given.
  const answer = () => session.run({ images: { type: 'uint8', shape, data: data.slice() } })
  let { probabilities } = await answer()
  const startMillis = performance.now() - begin
  const millis: number[] = []
  for (let done = 1; done < Number(warmup) + Number(runs); done++) {
    const start = performance.now()
    probabilities = (await answer()).probabilities
    if (done >= Number(warmup)) millis.push(performance.now() - start)
  }
  await session.close()
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  return {
    millis,
    startMillis,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    probabilities: [...(probabilities.data as Float32Array).slice(0, published.classes)],
    version: `onnxruntime-node ${version}`,
  }
}

console.log(
  JSON.stringify((mode === 'prepare' ? await prepare(Number(batch)) : await run(Number(batch))) ?? null),
)
