/** What a run of `train-backbone` begins with. */
import { isDeepStrictEqual } from 'node:util'
import { hasImageSources } from '../../../datasets/index.js'
import { defined } from '../../shared/defined.js'
import { UserError } from '../../shared/errors.js'
import type { RunConfig } from '../../train/classification/config.js'
import { fitBatch, fitLength, forFolder } from '../../train/classification/folder-run.js'
import {
  FINETUNE_PRESET,
  FOLDER_PRESET,
  IMAGENET_PRESET,
  withStepSize,
} from '../../train/classification/presets.js'
import { fixedKindOf, kindOf } from '../../train/images/data-place.js'
import { loadBackbone } from '../../train/load-backbone.js'
import type { ModelConfig } from '../../train/settings/config.js'
import { readConfig } from '../../train/tasks.js'
import { DEFAULT_PRESET, type TrainFlags } from './backbone-flags.js'

export interface Start {
  /** Before the flags' changes. */
  config: RunConfig
  /** The config of the run, given how many training images there are. */
  fit(config: RunConfig, images: number): RunConfig
}

/** What a new run starts from: a preset, for the data and for steps of the size that the flags give, with the weights of --init. */
export async function beginning(flags: TrainFlags): Promise<Start> {
  const { preset, init, data, dataDir, batchSize, accumulate } = flags
  if (preset === FOLDER_PRESET && data === undefined)
    throw new UserError(
      `The preset ${FOLDER_PRESET} is for images of your own; name their folder with --data`,
    )
  const isFolder =
    data !== undefined && kindOf(data) === 'folder' && (await hasImageSources(data, { dataDir }))
  const usual = data === 'imagenet' ? IMAGENET_PRESET : isFolder ? FOLDER_PRESET : DEFAULT_PRESET
  const name = preset ?? (init === undefined ? usual : FINETUNE_PRESET)
  const config = withStepSize(name, { batchSize, accumulate })
  const fitted = isFolder ? forFolder(config, init !== undefined) : config
  const chosen = {
    batchSize: batchSize !== undefined,
    length: (flags.epochs ?? flags.steps ?? flags.seconds) !== undefined,
    evaluateEvery: flags.evaluateEvery !== undefined,
  }
  const begun = init === undefined ? null : await beginWith(init, fitted, data)
  return {
    config: begun?.config ?? fitted,
    fit(config, images) {
      if (begun?.model) refuseOtherNetwork(config, begun.model)
      if (!isFolder) return config
      const batched = fitBatch(config, images, chosen)
      return name === FOLDER_PRESET ? fitLength(batched, images, chosen) : batched
    },
  }
}

/** The config of a run to resume. Throws for imported weights, which no optimizer has a state for. */
export async function resumable(folder: string): Promise<Start> {
  const config = await readConfig(folder)
  if (config.imported === undefined) return { config, fit: (same) => same }
  throw new UserError(
    `${folder} holds imported weights, which were not trained here; begin a new run with them: --init ${folder}`,
  )
}

/** The config of a run that begins with the weights of another: a preset's, with the architecture of the weights, if it is known. */
async function beginWith(
  init: string,
  preset: RunConfig,
  data = preset.data.name,
): Promise<{ config: RunConfig; model: ModelConfig | null }> {
  const { model, imageSize, preprocessing } = await loadBackbone(init, preset.model)
  // Other data sets have images of one size.
  const input =
    fixedKindOf(data) === 'folder' ? defined({ imageSize: imageSize ?? undefined, preprocessing }) : {}
  return {
    config: { ...preset, data: { ...preset.data, ...input }, model, init },
    model: model === preset.model ? null : model,
  }
}

/** Settings of a network that change the shapes of its weights, in words. */
const NAMES = {
  stem: (kind) => `the stem ${kind}`,
  cells: (count) => `${count} cells in a stage`,
  filters: (count) => `${count} filters`,
  stemFilters: (count) => `${count} filters in the stem`,
  skipReduction: (has) => `skipReduction ${has}`,
} satisfies Partial<Record<keyof ModelConfig, (value: unknown) => string>>
const SHAPING = Object.keys(NAMES) as (keyof typeof NAMES)[]

/** Throws a `UserError` where flags ask for another network than that of the first weights, before it is compiled. */
function refuseOtherNetwork({ model: wanted, init }: RunConfig, known: ModelConfig): void {
  const differences = SHAPING.filter((key) => wanted[key] !== known[key]).map(
    (key) => `${NAMES[key](known[key])} instead of ${wanted[key]}`,
  )
  if (!isDeepStrictEqual(wanted.genotype, known.genotype))
    differences.unshift(`the cells of ${known.name} instead of those of ${wanted.name}`)
  if (differences.length === 0) return
  throw new UserError(
    `${init} does not fit the network: it has ${differences.join(', ')}. Leave out the flags that change the network, or ` +
      'choose weights of its architecture',
  )
}
