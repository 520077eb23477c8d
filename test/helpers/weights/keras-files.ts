/** Weight files that Keras has written (golden/make_keras_files.py), and what is in them. */
import { join } from 'node:path'
import { packageRoot } from '../../../src/shared/package-root.js'
import { openKerasWeights } from '../../../src/weights/keras/open-keras.js'

const folder = join(packageRoot(), 'test/weights/golden/keras')

export const kerasFile = (name: string): string => join(folder, name)

/** The tensors of the tiny model. */
export const shapes: Record<string, number[]> = {
  'stem_conv1/kernel': [3, 3, 3, 4],
  'stem_bn1/gamma': [4],
  'stem_bn1/beta': [4],
  'stem_bn1/moving_mean': [4],
  'stem_bn1/moving_variance': [4],
  'separable_conv_1_normal_left1_0/depthwise_kernel': [3, 3, 4, 1],
  'separable_conv_1_normal_left1_0/pointwise_kernel': [1, 1, 4, 2],
  'separable_conv_1_bn_normal_left1_0/beta': [2],
  'separable_conv_1_bn_normal_left1_0/moving_mean': [2],
  'separable_conv_1_bn_normal_left1_0/moving_variance': [2],
  'normal_conv_1_0/kernel': [1, 1, 2, 2],
  'predictions/kernel': [2, 3],
  'predictions/bias': [3],
}

/** The numbers that the script gives to the variable of this name. */
export function numbersOf(name: string, shape: readonly number[]): number[] {
  const start = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0)
  const size = shape.reduce((product, side) => product * side, 1)
  return Array.from({ length: size }, (_, i) => (((start + 7 * i) % 129) - 64) / 64)
}

export interface Contents {
  shape: readonly number[]
  dtype: string
  numbers: number[]
}

/** Opens, reads and closes. */
export async function contentsOf(path: string): Promise<Record<string, Contents>> {
  const source = await openKerasWeights(path)
  try {
    const contents: Record<string, Contents> = {}
    for (const [name, { shape, dtype }] of source.tensors)
      contents[name] = { shape, dtype, numbers: Array.from(await source.read(name)) }
    return contents
  } finally {
    await source.close()
  }
}

/** The tiny model with its variables in elements of `dtype`. */
export const tinyModel = (dtype = 'float32'): Record<string, Contents> =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, { shape, dtype, numbers: numbersOf(name, shape) }]),
  )
