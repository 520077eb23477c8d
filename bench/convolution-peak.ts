/**
 * The rate that dense convolutions in ONNX Runtime's blocked layout reach here on all cores, as an upper bound for what a
 * network can reach. A process of its own, which prints one line of JSON: a {@link ConvolutionPeak}.
 */
import * as tf from '@tensorflow/tfjs'
import { random } from '../models/index.js'
import { blockSize, compile, openSession, trace } from '../src/engine/index.js'
import type { ConvolutionPeak } from './measure.js'

/** Large enough that the threads seldom wait for each other, small enough for the caches of a core. */
const CASES = [
  { kernel: 3, channels: 128, side: 28, batch: 8, layers: 8 },
  { kernel: 1, channels: 512, side: 28, batch: 8, layers: 8 },
]
const RUNS = 8

type Case = (typeof CASES)[number]

/** A chain of equal convolutions, whose mean is the output: so hardly a number leaves the session. */
function chain({ kernel, channels, side, batch, layers }: Case) {
  const { uniform } = random(1, 'convolution peak')
  // The numbers keep their size from layer to layer.
  const spread = Math.sqrt(3 / (kernel * kernel * channels))
  const weights = Float32Array.from(
    { length: kernel * kernel * channels * channels },
    () => (uniform() * 2 - 1) * spread,
  )
  return trace((tracer) => {
    let x = tracer.input('x', [batch, side, side, channels]) as tf.Tensor4D
    const filter = tf.tensor4d(weights, [kernel, kernel, channels, channels])
    for (let layer = 0; layer < layers; layer++) x = tf.conv2d(x, filter, 1, 'same')
    return { mean: tf.mean(x, [1, 2]) }
  })
}

/** The fastest of some runs: other programs can only make one slower. */
async function peakOf(one: Case, block: number): Promise<ConvolutionPeak> {
  const { kernel, channels, side, batch, layers } = one
  const session = await openSession(compile(chain(one), { block }).model)
  const shape = [batch, side, side, channels]
  const size = shape.reduce((product, length) => product * length, 1)
  const millis: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const data = new Float32Array(size).fill(1)
    const { milliseconds } = await session.runTimed({ x: { type: 'float32', shape, data } })
    millis.push(milliseconds)
  }
  await session.close()
  const flop = 2 * size * kernel * kernel * channels * layers
  const layout = block > 0 ? `blocks of ${block}` : 'not blocked'
  return {
    gflopPerSecond: flop / 1e6 / Math.min(...millis),
    convolution: `${kernel} × ${kernel}, ${channels} to ${channels} channels, ${batch} × ${side} × ${side}, ${layout}`,
  }
}

const block = await blockSize()
const peaks: ConvolutionPeak[] = []
for (const one of CASES) peaks.push(await peakOf(one, block))
console.log(JSON.stringify(peaks.reduce((a, b) => (a.gflopPerSecond > b.gflopPerSecond ? a : b))))
