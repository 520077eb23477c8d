/** What a run of `finetune-coco` begins with, or goes on from. */
import { UserError } from '../../shared/errors.js'
import type { BackboneWeights } from '../../train/detection/backbone.js'
import { type DetectorRunConfig, validateDetectorConfig } from '../../train/detection/config.js'
import type { DetectorWeights } from '../../train/detection/initial-weights.js'
import { detectorPresets, finetuneDetector } from '../../train/detection/presets.js'
import { loadBackbone } from '../../train/load-backbone.js'
import { loadDetector } from '../../train/load-detector.js'
import { readDetectorConfig } from '../../train/tasks.js'
import { applyFinetuneFlags, DEFAULT_PRESET, EMBEDDED_PRESET, type FinetuneFlags } from './detector-flags.js'

export interface Start {
  config: DetectorRunConfig
  /** What a run without a checkpoint begins with; null: random weights. */
  weights: FirstWeights
}

export type FirstWeights = BackboneWeights | DetectorWeights | null

/** The config and first weights of a new run, or the config of a resumed one. */
export const startOf = (flags: FinetuneFlags): Promise<Start> =>
  flags.resume === undefined ? begin(flags) : goOn(flags.resume, flags)

/** The config alone, for which a new run needs to name no weights. */
export async function configOf(flags: FinetuneFlags): Promise<DetectorRunConfig> {
  const begun = flags.resume ?? flags.init
  return begun === undefined ? newConfig(flags) : (await startOf(flags)).config
}

/** The config that the flags mean, of a new run. `init`: that of the detector that it begins with. */
function newConfig(flags: FinetuneFlags, init?: DetectorRunConfig): DetectorRunConfig {
  const name = flags.preset ?? (flags.data === 'embedded' ? EMBEDDED_PRESET : undefined)
  if (init === undefined) return applyFinetuneFlags(detectorPresets[name ?? DEFAULT_PRESET], flags)
  const recipe = name === undefined ? finetuneDetector : detectorPresets[name]
  const { backbone, detector, inputSize, resize } = init
  // Spare classes are not carried over.
  const { spareClasses, ...roiHeads } = detector.roiHeads
  const network = { backbone, detector: { ...detector, roiHeads }, inputSize, resize, init: flags.init }
  return applyFinetuneFlags({ ...recipe, ...network }, flags)
}

/** A new run's config and weights. */
async function begin(flags: FinetuneFlags): Promise<Start> {
  if (flags.init !== undefined) {
    if (flags.backbone !== undefined || flags.fromScratch)
      throw new UserError(
        '--init begins with the weights of a whole detector: leave out --backbone and --from-scratch',
      )
    const { config, weights } = await loadDetector(flags.init)
    return { config: newConfig(flags, config), weights }
  }
  const config = newConfig(flags)
  if (flags.backbone === undefined) {
    if (flags.fromScratch) return { config: fromScratch(config, flags), weights: null }
    throw new UserError(
      "Name the backbone with --backbone: a classifier's run, or its weights in a .safetensors file. Or begin with a whole detector: --init. Or begin with random weights: --from-scratch",
    )
  }
  const { model, weights } = await loadBackbone(flags.backbone, config.backbone)
  const onBackbone = validateDetectorConfig({ ...config, backbone: model })
  return flags.fromScratch
    ? { config: fromScratch(onBackbone, flags), weights: null }
    : { config: { ...onBackbone, weights: flags.backbone }, weights }
}

/** The config without what keeps trained weights. */
function fromScratch({ freeze, ...config }: DetectorRunConfig, flags: FinetuneFlags): DetectorRunConfig {
  if ((flags.freeze ?? 'off') !== 'off')
    throw new UserError(
      '--freeze keeps trained weights, but --from-scratch begins with random ones: leave out one of them',
    )
  return config
}

/** A run's config with the flags' changes. */
async function goOn(folder: string, flags: FinetuneFlags): Promise<Start> {
  if (
    flags.out !== undefined ||
    flags.preset !== undefined ||
    flags.backbone !== undefined ||
    flags.init !== undefined ||
    flags.fromScratch
  )
    throw new UserError(
      '--resume continues a run with its own settings: leave out --out, --preset, --backbone, --init and --from-scratch',
    )
  if ((flags.categories ?? flags.format ?? flags.valFraction) !== undefined)
    throw new UserError(
      '--resume continues a run on its own images: leave out --categories, --format and --val-fraction',
    )
  const saved = await readDetectorConfig(folder)
  if (saved.imported !== undefined)
    throw new UserError(
      `${folder} holds imported weights, which were not trained here; begin a new run with them: --init ${folder}`,
    )
  return { config: applyFinetuneFlags(saved, flags), weights: null }
}

/** What a run begins with, as its config notes it. */
export async function firstWeights({ init, weights, backbone }: DetectorRunConfig): Promise<FirstWeights> {
  if (init !== undefined) return (await loadDetector(init)).weights
  return weights === null ? null : (await loadBackbone(weights, backbone)).weights
}
