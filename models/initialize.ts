/** Initial values of parameters, drawn from (seed, path) only. */

import { random } from '../src/shared/random.js'
import type { ParameterSpec } from './context.js'

/** Standard deviation of a standard normal truncated at two deviations. TensorFlow divides by it. */
const TRUNCATED_DEVIATION = 0.8796256610342398

/** The initial value of a parameter, row-major. It is equal on every machine for the same seed and path. */
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
