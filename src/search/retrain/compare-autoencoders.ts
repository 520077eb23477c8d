/** The best autoencoder of a search against a plain one with as many parameters, trained alike. */
import { plainWidthFor } from '../../../models/index.js'
import { UserError } from '../../shared/errors.js'
import type { AutoencoderModel } from '../../train/autoencoder/config.js'
import { type AutoencoderCost, describeAutoencoder } from '../../train/autoencoder/describe.js'
import { psnr } from '../../train/autoencoder/evaluate.js'
import { openReconstructor } from '../../train/autoencoder/export.js'
import { autoencoderCompiler } from '../../train/autoencoder/train.js'
import { Diverged } from '../../train/run/divergence.js'
import type { Machine } from '../evaluate/machine.js'
import { loadReconstructData, modelOf, trainMeasured } from '../evaluate/reconstruct.js'
import type { ReconstructSettings } from '../evaluate/settings.js'
import type { Decisions } from '../space/space.js'

export interface Compared extends AutoencoderCost {
  /** Mean squared error on the validation images, for pixels in [0, 1]. */
  error: number
  /** Of that error, in dB. */
  psnr: number
  varianceExplained: number
}

export interface Comparison {
  cells: Compared
  /** `width`: channels of its first convolution. */
  plain: Compared & { width: number }
  /** Some of the validation images and their reconstructions: uint8, RGB, images of side × side, concatenated. */
  pictures: { side: number; count: number; originals: Uint8Array; cells: Uint8Array; plain: Uint8Array }
}

/** Validation images that are shown. */
const SHOWN = 10

/**
 * Trains both side by side, each with `machine.threads`, by the same recipe.
 *
 * @throws an AbortError when `signal` is aborted, UserError when one of the two diverges
 */
export async function compareAutoencoders(
  settings: ReconstructSettings,
  decisions: Decisions,
  machine: Machine,
  signal: AbortSignal,
): Promise<Comparison> {
  const data = await loadReconstructData(settings, machine)
  const { validation } = data
  const side = validation.height
  const model = modelOf(settings, decisions)
  const { stages, codeChannels, batchNorm } = settings.sizes
  const width = plainWidthFor(describeAutoencoder(model, side).parameters, { stages, codeChannels })
  const plainModel: AutoencoderModel = { kind: 'plain', stages, codeChannels, batchNorm, width }
  const count = Math.min(SHOWN, validation.count)
  const originals = validation.pixels.slice(0, count * side * side * 3)

  async function trained(network: AutoencoderModel): Promise<{ figures: Compared; shown: Uint8Array }> {
    const compiler = autoencoderCompiler(machine)
    const { error, varianceExplained, state } = await trainMeasured(network, data, compiler, signal).catch(
      (reason) => {
        if (!(reason instanceof Diverged)) throw reason
        const what = network.kind === 'plain' ? 'The plain autoencoder' : 'The best child'
        throw new UserError(
          `${what} diverged in the training that compares the two: ${reason.what}. What the search found is kept; --resume compares again, and a larger --budget may find another best`,
          { cause: reason },
        )
      },
    )
    const reconstructor = await openReconstructor(network, state, side, machine)
    const pixels = await reconstructor.run(originals.slice(), count).finally(() => reconstructor.close())
    return {
      figures: { error, psnr: psnr(error), varianceExplained, ...describeAutoencoder(network, side) },
      shown: Uint8Array.from(pixels, (value) => Math.round(255 * value)),
    }
  }

  const [cells, plain] = await Promise.all([trained(model), trained(plainModel)])
  return {
    cells: cells.figures,
    plain: { width, ...plain.figures },
    pictures: { side, count, originals, cells: cells.shown, plain: plain.shown },
  }
}
