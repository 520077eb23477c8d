/** A controller small enough for plain loops and differences, and numbers to feed it. */
import { random } from '../../../models/index.js'
import type { SearchSpace } from '../../../src/search/space/space.js'
import { decisionSizes } from '../../../src/search/space/space.js'
import { controllerOf, initialParameters } from '../../../src/search/strategy/controller.js'

/** Blocks choose from 2 and 3 states; three operations, two combinations: 20 decisions. */
export const SPACE: SearchSpace = {
  cells: ['normal', 'reduction'],
  blocks: 2,
  operations: ['identity', 'sep_conv_3x3', 'max_pool_3x3'],
  combinations: ['add', 'concat'],
}

export const controller = controllerOf(decisionSizes(SPACE), 6)
export const length = controller.decisions.length

/** Twenty times the usual initial values, so that distributions are far from even. */
export const parameters = initialParameters(controller, 3).map((value) => value * 20)

/** n × D numbers in [0, 1). */
export function uniforms(key: string, count: number): Float32Array {
  const { uniform } = random(5, key)
  return Float32Array.from({ length: count * length }, uniform)
}
