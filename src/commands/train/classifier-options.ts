/** Options of `train-backbone` for images of one's own and for transfer, and the settings that they change. */
import { Option } from '@commander-js/extra-typings'
import { defined } from '../../shared/defined.js'
import { UserError } from '../../shared/errors.js'
import { BALANCES } from '../../train/classification/config.js'
import type { DataConfig } from '../../train/settings/config.js'
import { number, orOff, type Parser, WrongValue, wholeNumber } from '../shared/flags.js'
import { frozenPart, type KeepFlags, keepSettings } from './training-options.js'

export const validation = new Option(
  '--validation <images>',
  'training images held out for validation, drawn by chance; 0: none',
).argParser(wholeNumber(0))

export const valFraction = new Option(
  '--val-fraction <share>',
  'share of the images held out for validation, stratified by class, near-duplicates on one side; 0: none (default: 0.2 of a folder without val/, at most 1,000 images)',
).argParser(number({ from: 0, below: 1 }))

export const freeze = new Option(
  '--freeze <part>',
  'with --init: keep the weights and statistics of the stem, of the stem and the first N cells (cells:N), or of all but the head',
).argParser(frozenPart)

export const layerDecay = new Option(
  '--layer-decay <factor>',
  'factor of the learning rate from each cell to the one before it, from the head down to the stem',
).argParser(number({ above: 0, to: 1 }))

const operations: Parser<{ operations: number; magnitude: number }> = (text) => {
  const [, n, m] = /^(\d+),(\d+)$/.exec(text) ?? []
  const [count, magnitude] = [Number(n), Number(m)]
  if (count >= 1 && count <= 14 && magnitude <= 30) return { operations: count, magnitude }
  throw new WrongValue('N,M like 2,9: 1 to 14 operations of magnitude 0 to 30')
}

export const randaugment = new Option(
  '--randaugment <N,M|off>',
  'RandAugment: N operations for each image, of magnitude M up to 30',
).argParser(orOff(operations))

export const mixup = new Option(
  '--mixup <alpha>',
  'mixup: blend images in pairs, with shares from Beta(alpha, alpha); 0: off',
).argParser(number({ from: 0 }))

export const cutmix = new Option(
  '--cutmix <alpha>',
  'CutMix: paste a box of another image, with shares from Beta(alpha, alpha); 0: off',
).argParser(number({ from: 0 }))

export const balance = new Option(
  '--balance <how>',
  'classes with many and with few images: weigh their losses, draw them equally often, or off',
).choices([...BALANCES, 'off'] as const)

/** Values of the options above. */
export interface ClassifierFlags extends KeepFlags {
  validation?: number
  valFraction?: number
  freeze?: string
  layerDecay?: number
  randaugment?: { operations: number; magnitude: number } | 'off'
  mixup?: number
  cutmix?: number
  balance?: (typeof BALANCES)[number] | 'off'
}

/** The settings of the run that these flags change. */
export const classifierSettings = ({
  freeze,
  layerDecay,
  mixup,
  cutmix,
  balance,
  ...kept
}: ClassifierFlags) =>
  defined({
    ...{ freeze, layerDecay, mixup, cutmix, ...keepSettings(kept) },
    balance: balance === 'off' ? null : balance,
  })

/** The data with the images that the flags hold out. Throws a `UserError` for two ways at once. */
export function withHeldOut(
  before: DataConfig,
  { validation, valFraction }: Pick<ClassifierFlags, 'validation' | 'valFraction'>,
): DataConfig {
  if (validation !== undefined && valFraction !== undefined)
    throw new UserError('Give one of --validation and --val-fraction, not both')
  if (valFraction !== undefined) return { ...before, validation: 0, validationFraction: valFraction }
  if (validation === undefined) return before
  const { validationFraction, ...data } = before
  return { ...data, validation }
}
