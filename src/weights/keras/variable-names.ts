/** The names of a layer's variables, which Keras 3 only numbers. */

const NORM = ['gamma', 'beta', 'moving_mean', 'moving_variance']

/** By class, in the order of the numbers. */
const names: Record<string, readonly string[]> = {
  dense: ['kernel', 'bias'],
  conv1d: ['kernel', 'bias'],
  conv2d: ['kernel', 'bias'],
  conv3d: ['kernel', 'bias'],
  conv2d_transpose: ['kernel', 'bias'],
  depthwise_conv2d: ['depthwise_kernel', 'bias'],
  separable_conv2d: ['depthwise_kernel', 'pointwise_kernel', 'bias'],
  batch_normalization: NORM,
}

/**
 * Names of the `count` variables of a layer; undefined where the class is unknown or has others.
 *
 * @param className As in Keras's groups: `separable_conv2d`.
 * @param options Of the layer, where they are known: a batch norm with three variables lacks either gamma or beta.
 */
export function variableNames(
  className: string,
  count: number,
  options: Readonly<Record<string, unknown>> = {},
): readonly string[] | undefined {
  if (className !== 'batch_normalization') {
    const known = Object.hasOwn(names, className) ? names[className] : []
    return count > 0 && known.length - count <= 1 && known.length >= count ? known.slice(0, count) : undefined
  }
  if (count === 4) return NORM
  if (count === 2) return NORM.slice(2)
  const present = NORM.filter(
    (name) =>
      !(name === 'gamma' && options.scale === false) && !(name === 'beta' && options.center === false),
  )
  return present.length === count ? present : undefined
}
