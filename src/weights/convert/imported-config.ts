/** The config of a run whose weights come from elsewhere. */
import { imageNetClasses } from '../../../datasets/classification/imagenet-classes.js'
import { PRESETS, type PresetName } from '../../../models/index.js'
import type { Preprocessing } from '../../shared/classifier-input.js'
import { defined } from '../../shared/defined.js'
import { type RunConfig, validateConfig } from '../../train/classification/config.js'
import { presets } from '../../train/classification/presets.js'
import type { ModelConfig } from '../../train/settings/config.js'

/** Published networks, and the sizes in which one of the same shape may differ. */
export interface Architecture {
  arch: PresetName
  changes?: Partial<Pick<ModelConfig, 'cells' | 'filters' | 'stemFilters' | 'skipReduction' | 'stridedPools'>>
  /** Side of the images in pixels. Default: the published one. */
  imageSize?: number
  /** How images are brought to that size. Default: as the program does that the weights come from. */
  preprocessing?: Preprocessing
}

/** Where the weights come from, as the config notes it. */
export type Imported = NonNullable<RunConfig['imported']>

/** How each program prepares ImageNet's pictures. Keras's weights are those of TF-Slim. */
const PREPROCESSING: Record<Imported['program'], Preprocessing> = {
  slim: 'slim',
  keras: 'slim',
  timm: 'timm',
  toolkit: 'cover',
}

/** Labels of CIFAR-10, in its order. */
const CIFAR10 = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ')

/** The config. `labels`: null for a network without a classifier's head. */
export function importedConfig(
  { arch, changes = {}, imageSize, preprocessing }: Architecture,
  labels: readonly string[] | null,
  imported: Imported,
): RunConfig {
  const { inputSize, config } = PRESETS[arch]
  const { genotype, stem, cells, filters, stemFilters, skipReduction, dropout, batchNorm } = config
  const base = presets['paper-cifar']
  return validateConfig({
    ...base,
    data: {
      ...base.data,
      name: stem === 'cifar' ? 'cifar10' : 'imagenet',
      validation: 0,
      classes: labels,
      imageSize: imageSize ?? inputSize,
      preprocessing: preprocessing ?? (stem === 'cifar' ? 'cover' : PREPROCESSING[imported.program]),
    },
    model: {
      ...{ name: 'nasnet-a', genotype, stem, cells, filters, stemFilters, skipReduction, dropout, batchNorm },
      // As released, the CIFAR stem is three times as wide as the first stage.
      ...(changes.filters !== undefined && stem === 'cifar' && { stemFilters: 3 * changes.filters }),
      ...defined(changes),
    },
    dropPathKeep: config.dropPathKeep,
    auxiliaryWeight: 0,
    imported,
  })
}

/** Names for so many classes: ImageNet's, CIFAR-10's, or `class 0` and so on where the number is neither's. */
export function defaultLabels(classes: number, arch: PresetName): string[] {
  if (classes === 1000) return [...imageNetClasses().labels]
  if (classes === CIFAR10.length && PRESETS[arch].config.stem === 'cifar') return CIFAR10
  return Array.from({ length: classes }, (_, i) => `class ${i}`)
}
