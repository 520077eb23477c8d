/**
 * The toolkit's side of the benchmark, in a process of its own so that its peak memory is its own. Trains
 * the child network on one batch of drawn images and prints one line of JSON, as torch_peer.py does.
 * Arguments: cells, filters, batch size, warm-up steps, steps, and where profiles go (optional).
 */
import { performance } from 'node:perf_hooks'
import { random } from '../../models/index.js'
import { blockSize, openSession } from '../../src/engine/index.js'
import type { RunConfig } from '../../src/train/classification/config.js'
import { presets } from '../../src/train/classification/presets.js'
import { buildTrainStep, compileStep } from '../../src/train/classification/step.js'
import { median } from '../statistics.js'
import type { TrainReport } from './report.js'

const [cells, filters, batchSize, warmup, steps] = process.argv.slice(2, 7).map(Number)
const profilePrefix = process.argv[7]
const shapes = { imageSize: 32, classes: 10 }
const paper = presets['paper-cifar']
const config: RunConfig = {
  ...paper,
  model: { ...paper.model, cells, filters, stemFilters: 3 * filters },
  batchSize,
  dropPathKeep: 1,
  auxiliaryWeight: 0,
}

const block = await blockSize()
const begin = performance.now()
const { program } = compileStep(config, shapes, block)
const traced = performance.now()
const session = await openSession(program.model)
const opened = performance.now()
await session.close()

const step = await buildTrainStep(config, shapes, { profilePrefix })
const { uniform } = random(1, 'benchmark')
const images = Float32Array.from({ length: batchSize * 32 * 32 * 3 }, () => uniform() * 2 - 1)
const labels = Int32Array.from({ length: batchSize }, () => Math.floor(uniform() * shapes.classes))
const stepMillis: number[] = []
const losses: number[] = []
for (let done = 0; done < warmup + steps; done++) {
  const start = performance.now()
  const { loss } = await step.run({
    images: images.slice(),
    labels: labels.slice(),
    learningRate: 0.025,
    progress: 0,
    step: done,
  })
  if (done >= warmup) stepMillis.push(performance.now() - start)
  losses.push(loss)
}
const trainable = step.layout.reduce((sum, { vector, size }) => sum + (vector === 'parameters' ? size : 0), 0)
await step.close()

const report: TrainReport = {
  imagesPerSecond: (batchSize * 1000) / median(stepMillis),
  stepMillis,
  peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  parameters: { total: step.parameters, trainable },
  losses,
  tracingMillis: traced - begin,
  sessionMillis: opened - traced,
  nodes: program.nodes,
}
console.log(JSON.stringify(report))
