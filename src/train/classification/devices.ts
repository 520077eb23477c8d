/** The devices that a classifier can be trained on. */
import { UserError } from '../../shared/errors.js'
import type { Compiler } from './train.js'

/** Execution providers of ONNX Runtime, and TensorFlow's native library, whose binding users install. */
export const DEVICES = ['cpu', 'cuda', 'webgpu', 'tensorflow'] as const
export type Device = (typeof DEVICES)[number]

/** Tried in this order. Neither is a dependency. */
const BINDINGS = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']

/** The compiler for `device`. Throws a `UserError` when the library of the device is not installed. */
export async function compilerFor(device: Device): Promise<Compiler> {
  // Loaded here, so that listing the devices does not wait for TensorFlow.js.
  const [{ buildPredictor }, { buildTrainStep }] = await Promise.all([
    import('./export.js'),
    import('./step.js'),
  ])
  if (device !== 'tensorflow')
    return {
      buildTrainStep: (config, shapes) => buildTrainStep(config, shapes, { provider: device }),
      buildPredictor,
    }
  await loadBinding()
  const [tf, { buildEagerStep }] = await Promise.all([import('@tensorflow/tfjs'), import('./eager-step.js')])
  return {
    async buildTrainStep(config, shapes) {
      await tf.setBackend('tensorflow')
      return buildEagerStep(config, shapes)
    },
    buildPredictor,
  }
}

async function loadBinding(): Promise<void> {
  const reasons: string[] = []
  for (const name of BINDINGS) {
    try {
      await import(name)
      return
    } catch (error) {
      reasons.push(`${name}: ${(error as Error).message.split('\n')[0]}`)
    }
  }
  throw new UserError(
    `The device tensorflow needs one of ${BINDINGS.join(' and ')}, which you install yourself ` +
      `(npm install ${BINDINGS[0]}); none could be loaded (${reasons.join('; ')})`,
  )
}
