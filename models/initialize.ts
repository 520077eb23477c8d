/** Initial values of parameters, drawn from (seed, path) alone. */

import { random } from '../src/shared/random.js'
import type { ParameterSpec } from './context.js'

/** The standard deviation of a standard normal cut at two deviations, by which TensorFlow rescales. */
const TRUNCATED_DEVIATION = 0.8796256610342398

/** The value that a parameter starts with, row-major. Equal on every machine for the same seed and path. */
export function initialValue(spec: ParameterSpec, seed: number): Float32Array {
  const { initializer } = spec
  const values = new Float32Array(spec.shape.reduce((product, size) => product * size, 1))
  if (initializer.kind === 'constant') return values.fill(initializer.value)
  const stream = random(seed, 'initial', spec.path)
  if (initializer.kind === 'uniform') {
    for (let i = 0; i < values.length; i++) values[i] = (2 * stream.uniform() - 1) * initializer.limit
    return values
  }
  const deviation = Math.sqrt(initializer.scale / initializer.fanIn) / TRUNCATED_DEVIATION
  for (let i = 0; i < values.length; i++) {
    let value = stream.normal()
    while (Math.abs(value) > 2) value = stream.normal()
    values[i] = value * deviation
  }
  return values
}
