/**
 * RandAugment (Cubuk et al. 2020, "RandAugment: Practical Automated Data Augmentation with a Reduced Search Space"): a few
 * operations by chance, all of one magnitude. Operations and magnitudes are torchvision's, whose pixels come from Pillow.
 */
import { affine, rotate } from './affine.js'
import * as colours from './colours.js'
import type { RgbImage } from './rgb-image.js'

export interface RandAugmentConfig {
  /** N: operations for each image. */
  operations: number
  /** M: from 0 to 30. */
  magnitude: number
}

/** An operation with the amount of its change. */
export interface AppliedOperation {
  name: OperationName
  amount: number
}

/** The highest magnitude. */
const BINS = 30

interface Operation {
  /** The amount at a magnitude, which is a fraction in [0, 1] of the highest one, for an image of this width or height. */
  amount(fraction: number, size: { width: number; height: number }): number
  /** Whether the amount is negated by chance. */
  signed: boolean
  apply(image: RgbImage, amount: number): Uint8Array
}

const linear =
  (to: number) =>
  (fraction: number): number =>
    to * fraction

const enhance = (apply: (image: RgbImage, factor: number) => Uint8Array): Operation => ({
  amount: linear(0.9),
  signed: true,
  apply: (image, amount) => apply(image, 1 + amount),
})

/** In torchvision's order. */
const OPERATIONS = {
  Identity: { amount: () => 0, signed: false, apply: ({ data }) => data },
  ShearX: {
    amount: linear(0.3),
    signed: true,
    apply: (image, amount) => affine(image, [1, amount, 0, 0, 1, 0]),
  },
  ShearY: {
    amount: linear(0.3),
    signed: true,
    apply: (image, amount) => affine(image, [1, 0, 0, amount, 1, 0]),
  },
  TranslateX: {
    amount: (fraction, { width }) => (150 / 331) * width * fraction,
    signed: true,
    apply: (image, amount) => affine(image, [1, 0, -Math.trunc(amount), 0, 1, 0]),
  },
  TranslateY: {
    amount: (fraction, { height }) => (150 / 331) * height * fraction,
    signed: true,
    apply: (image, amount) => affine(image, [1, 0, 0, 0, 1, -Math.trunc(amount)]),
  },
  Rotate: { amount: linear(30), signed: true, apply: rotate },
  Brightness: enhance(colours.brightness),
  Color: enhance(colours.saturation),
  Contrast: enhance(colours.contrast),
  Sharpness: enhance(colours.sharpness),
  Posterize: {
    amount: (fraction) => 8 - roundHalfToEven(4 * fraction),
    signed: false,
    apply: colours.posterize,
  },
  Solarize: { amount: (fraction) => 255 * (1 - fraction), signed: false, apply: colours.solarize },
  AutoContrast: { amount: () => 0, signed: false, apply: colours.autoContrast },
  Equalize: { amount: () => 0, signed: false, apply: colours.equalize },
} satisfies Record<string, Operation>

export type OperationName = keyof typeof OPERATIONS
const NAMES = Object.keys(OPERATIONS) as OperationName[]

/** As `torch.round`. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value)
  return value - below === 0.5 ? below + (below % 2) : Math.round(value)
}

/** The amount of an operation at a magnitude, before its sign. */
export const amountOf = (
  name: OperationName,
  magnitude: number,
  size: { width: number; height: number },
): number => (OPERATIONS[name] as Operation).amount(magnitude / BINS, size)

/** Draws the operations for an image of this size. */
export function drawOperations(
  { operations, magnitude }: RandAugmentConfig,
  size: { width: number; height: number },
  uniform: () => number,
): AppliedOperation[] {
  return Array.from({ length: operations }, () => {
    const name = NAMES[Math.floor(uniform() * NAMES.length)]
    const negated = uniform() < 0.5 && OPERATIONS[name].signed
    const amount = amountOf(name, magnitude, size)
    return { name, amount: negated ? -amount : amount }
  })
}

/** The bytes of the image after the operations; those of the image itself where none changes it. */
export function applyOperations(image: RgbImage, operations: readonly AppliedOperation[]): Uint8Array {
  let { data } = image
  for (const { name, amount } of operations) data = OPERATIONS[name].apply({ ...image, data }, amount)
  return data
}
