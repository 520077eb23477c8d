/** The evaluator of autoencoders: each child is trained on its own for some hundred steps, and reconstructs images. */
import { UserError } from '../../shared/errors.js'
import type { AutoencoderModel, AutoencoderTraining } from '../../train/autoencoder/config.js'
import { describeAutoencoder } from '../../train/autoencoder/describe.js'
import type { Reconstruction } from '../../train/autoencoder/metrics.js'
import { type AutoencoderCompiler, trainAutoencoder } from '../../train/autoencoder/train.js'
import { inferenceState } from '../../train/run/checkpoint.js'
import type { StateVectors } from '../../train/step/step-types.js'
import { decodeAutoencoder } from '../space/genotypes.js'
import type { Decisions } from '../space/space.js'
import type { Child, Evaluator } from './child.js'
import { startClock } from './clock.js'
import type { Machine } from './machine.js'
import { latencyOf, outcomeOf } from './outcome.js'
import { type ChildData, loadChildData } from './recipe.js'
import type { ReconstructSettings } from './settings.js'

/** @throws DatasetError when the images are missing, UserError when the networks cannot take them */
export async function reconstructEvaluator(
  settings: ReconstructSettings,
  machine: Machine,
): Promise<Evaluator> {
  const data = await loadReconstructData(settings, machine)
  return {
    evaluate({ id, decisions }: Child, signal: AbortSignal) {
      const clock = startClock(machine.threads)
      return outcomeOf(id, signal, async () => {
        const model = modelOf(settings, decisions)
        const { height, pixels } = data.train
        const cost = describeAutoencoder(model, height)
        const { error, varianceExplained, state } = await trainMeasured(
          model,
          data,
          clock.autoencoders,
          signal,
        )
        if (!Number.isFinite(error)) return `The reconstruction error became ${error}`
        const latency = async (): Promise<number> => {
          const network = await clock.autoencoders.openReconstructor(model, state, height)
          const image = () => pixels.slice(0, height * height * 3)
          return latencyOf(() => network.run(image(), 1)).finally(() => network.close())
        }
        return {
          quality: varianceExplained,
          reconstructionError: error,
          ...cost,
          ...(settings.latency && { latencyMillis: await latency() }),
          seconds: clock.seconds(),
        }
      })
    },
    close: async () => {},
  }
}

/** {@link loadChildData}; throws a UserError for images that the children's stages cannot halve. */
export async function loadReconstructData(
  settings: ReconstructSettings,
  machine: Machine,
): Promise<ChildData<AutoencoderTraining>> {
  const data = await loadChildData(settings, machine)
  const { height } = data.train
  const multiple = 2 ** settings.sizes.stages
  if (height % multiple !== 0)
    throw new UserError(
      `Images of ${height} pixels cannot be halved ${settings.sizes.stages} times; choose an image size that is a multiple of ${multiple}`,
    )
  return data
}

/** The network that the decisions make. */
export function modelOf({ space, sizes }: ReconstructSettings, decisions: Decisions): AutoencoderModel {
  return { kind: 'cells', ...sizes, genotype: decodeAutoencoder(space, decisions, 'child') }
}

/** Trains a network by the recipe and measures it. Throws when `signal` is aborted, or as `trainAutoencoder` does. */
export async function trainMeasured(
  model: AutoencoderModel,
  { run, train, validation }: ChildData<AutoencoderTraining>,
  compiler: AutoencoderCompiler,
  signal: AbortSignal,
): Promise<Reconstruction & { state: StateVectors }> {
  let last: Reconstruction | undefined
  const { state } = await trainAutoencoder({ ...run, model }, { train, validation }, compiler, {
    signal,
    onEvaluation(row) {
      last = row
    },
  })
  signal.throwIfAborted()
  if (last === undefined) throw new Error('internal: an autoencoder was never measured')
  const { images, error, varianceExplained } = last
  return { images, error, varianceExplained, state: inferenceState(state) }
}
