/** The networks of the paper, as released. */

import type { NasnetConfig } from './nasnet-config.js'
import { NASNET_A } from './published-cells.js'

export interface Preset {
  /** Height and width of the images, in pixels. */
  inputSize: number
  config: NasnetConfig
}

const imagenet = {
  genotype: NASNET_A,
  stem: 'imagenet',
  classes: 1000,
  auxiliaryHead: true,
  dropout: 0.5,
  batchNorm: { decay: 0.9997, epsilon: 1e-3 },
} as const

/** Networks by name, as `toolkit describe` takes it. */
export const PRESETS = {
  /** 4 @ 1056. */
  'nasnet-a-mobile': {
    inputSize: 224,
    config: { ...imagenet, stemFilters: 32, cells: 4, filters: 44, skipReduction: false, dropPathKeep: 1 },
  },
  /** 6 @ 4032. */
  'nasnet-a-large': {
    inputSize: 331,
    config: { ...imagenet, stemFilters: 96, cells: 6, filters: 168, skipReduction: true, dropPathKeep: 0.7 },
  },
  /** 6 @ 768. */
  'nasnet-a-cifar': {
    inputSize: 32,
    config: {
      genotype: NASNET_A,
      stem: 'cifar',
      stemFilters: 96,
      cells: 6,
      filters: 32,
      classes: 10,
      skipReduction: false,
      auxiliaryHead: true,
      dropout: 0,
      dropPathKeep: 0.6,
      batchNorm: { decay: 0.9, epsilon: 1e-5 },
    },
  },
} as const satisfies Record<string, Preset>

export type PresetName = keyof typeof PRESETS
