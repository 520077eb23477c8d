/** Where an evaluation's time goes. */
import { type AutoencoderCompiler, autoencoderCompiler } from '../../train/autoencoder/train.js'
import { buildPredictor } from '../../train/classification/export.js'
import { buildTrainStep } from '../../train/classification/step.js'
import type { Compiler } from '../../train/classification/train.js'
import type { ChildSeconds } from './child.js'

export interface Clock {
  /** Builds steps and predictors, and counts the seconds that this and their use take. */
  compiler: Compiler
  /** The same for autoencoders. */
  autoencoders: AutoencoderCompiler
  /** Seconds so far. What is neither compiling nor measuring counts as training. */
  seconds(): ChildSeconds
}

/** Starts a clock for one child that computes with so many threads; by default, all cores. */
export function startClock(threads?: number): Clock {
  const start = performance.now()
  const spent = { compile: 0, measure: 0 }
  async function timed<T>(part: keyof typeof spent, work: Promise<T>): Promise<T> {
    const began = performance.now()
    try {
      return await work
    } finally {
      spent[part] += (performance.now() - began) / 1000
    }
  }
  const autoencoders = autoencoderCompiler({ threads })
  return {
    autoencoders: {
      buildStep: (config, imageSize) => timed('compile', autoencoders.buildStep(config, imageSize)),
      async openReconstructor(model, state, imageSize) {
        const network = await timed('compile', autoencoders.openReconstructor(model, state, imageSize))
        return { ...network, run: (images, count) => timed('measure', network.run(images, count)) }
      },
    },
    compiler: {
      buildTrainStep: (config, shapes) => timed('compile', buildTrainStep(config, shapes, { threads })),
      async buildPredictor(config, state, shapes) {
        const predictor = await timed('compile', buildPredictor(config, state, shapes, { threads }))
        return { ...predictor, run: (images, count) => timed('measure', predictor.run(images, count)) }
      },
    },
    seconds() {
      const { compile, measure } = spent
      return { compile, measure, train: (performance.now() - start) / 1000 - compile - measure }
    },
  }
}
