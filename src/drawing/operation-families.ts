/** How operations are named and coloured in pictures. */
import type { OperationName } from '../../models/genotype.js'

export type Family = 'identity' | 'convolution' | 'separable' | 'pool'

interface Look {
  family: Family
  /** One or two short lines. */
  lines: [string] | [string, string]
  /** In charts, where every operation has a colour of its own: lighter and darker within a family. */
  colour: string
}

const LOOKS: Record<OperationName, Look> = {
  identity: { family: 'identity', lines: ['identity'], colour: '#b3b3b3' },
  conv_1x1: { family: 'convolution', lines: ['conv', '1×1'], colour: '#f7b58a' },
  conv_3x3: { family: 'convolution', lines: ['conv', '3×3'], colour: '#ee8a4d' },
  conv_1x3_3x1: { family: 'convolution', lines: ['1×3', '3×1'], colour: '#d55e00' },
  conv_1x7_7x1: { family: 'convolution', lines: ['1×7', '7×1'], colour: '#a84800' },
  dilated_conv_3x3: { family: 'convolution', lines: ['dil', '3×3'], colour: '#7a3400' },
  sep_conv_3x3: { family: 'separable', lines: ['sep', '3×3'], colour: '#f8e58c' },
  sep_conv_5x5: { family: 'separable', lines: ['sep', '5×5'], colour: '#e9c93f' },
  sep_conv_7x7: { family: 'separable', lines: ['sep', '7×7'], colour: '#c29f0c' },
  avg_pool_3x3: { family: 'pool', lines: ['avg', '3×3'], colour: '#a9d8f5' },
  max_pool_3x3: { family: 'pool', lines: ['max', '3×3'], colour: '#56b4e9' },
  max_pool_5x5: { family: 'pool', lines: ['max', '5×5'], colour: '#1f86c0' },
  max_pool_7x7: { family: 'pool', lines: ['max', '7×7'], colour: '#0b5a88' },
}

/** Every operation, family by family. */
export const OPERATIONS_BY_FAMILY = Object.keys(LOOKS) as OperationName[]

/** Pale fills, which dark text stands on, and strong lines. Distinguishable for the colour-blind, as {@link LOOKS} are. */
export const FAMILY_COLOURS: Record<Family, { fill: string; line: string }> = {
  identity: { fill: '#f1f1f1', line: '#8c8c8c' },
  convolution: { fill: '#fad3b8', line: '#c25500' },
  separable: { fill: '#fff0a8', line: '#b08e00' },
  pool: { fill: '#d3ebfa', line: '#3a91c4' },
}

export const operationFamily = (operation: OperationName): Family => LOOKS[operation].family
export const operationColour = (operation: OperationName): string => LOOKS[operation].colour
export const operationLines = (operation: OperationName): readonly string[] => LOOKS[operation].lines

/** For example `sep 5×5` or `1×7-7×1`. */
export const operationLabel = (operation: OperationName): string =>
  LOOKS[operation].lines.join(/^\d/.test(LOOKS[operation].lines[0]) ? '-' : ' ')
