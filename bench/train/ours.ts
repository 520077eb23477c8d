/**
 * The toolkit's side of the benchmark, in a process of its own so that its peak memory is its own. Trains
 * the network on one batch of drawn images and prints one line of JSON, as torch_peer.py does.
 * Arguments: the case as JSON, warm-up steps, steps, and where profiles go (optional).
 */
import { performance } from 'node:perf_hooks'
import { random } from '../../models/index.js'
import { blockSize, openSession } from '../../src/engine/index.js'
import { buildTrainStep, compileStep } from '../../src/train/classification/step.js'
import { median } from '../statistics.js'
import { runConfigOf, type TrainCase } from './case.js'
import type { TrainReport } from './report.js'

const trained: TrainCase = JSON.parse(process.argv[2])
const [warmup, steps] = process.argv.slice(3, 5).map(Number)
const profilePrefix = process.argv[5]
const { batch, imageSize, classes } = trained
const shapes = { imageSize, classes }
const config = runConfigOf(trained)

const block = await blockSize()
const begin = performance.now()
const { program } = compileStep(config, shapes, block)
const traced = performance.now()
const session = await openSession(program.model)
const opened = performance.now()
await session.close()

const step = await buildTrainStep(config, shapes, { profilePrefix })
const { uniform } = random(1, 'benchmark')
const images = Float32Array.from({ length: batch * imageSize ** 2 * 3 }, () => uniform() * 2 - 1)
const labels = Int32Array.from({ length: batch }, () => Math.floor(uniform() * classes))
const millis: number[] = []
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
  millis.push(performance.now() - start)
  losses.push(loss)
}
const trainable = step.layout.reduce((sum, { vector, size }) => sum + (vector === 'parameters' ? size : 0), 0)
await step.close()

const stepMillis = millis.slice(warmup)
const report: TrainReport = {
  imagesPerSecond: (batch * 1000) / median(stepMillis),
  stepMillis,
  peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  parameters: { total: step.parameters, trainable },
  losses,
  firstStepMillis: millis[0],
  tracingMillis: traced - begin,
  sessionMillis: opened - traced,
  nodes: program.nodes,
}
console.log(JSON.stringify(report))
