/** Names for the variables of a file, alike for all forms of it. */
import { Reason } from './hdf5.js'

/** A variable as its place in the file describes it. */
export interface FoundVariable {
  /** Names of the models within the model that hold the layer, from outside to inside. */
  models: readonly string[]
  layer: string
  /** `kernel`, or its number. */
  variable: string
  /** Of the data set. */
  path: string
}

/**
 * `LAYER/VARIABLE` for each; where a layer outside, or one before it, has the same name, the names of the models that hold
 * it stand before that.
 */
export function nameVariables(found: readonly FoundVariable[]): { name: string; path: string }[] {
  const plain = ({ layer, variable }: FoundVariable): string => `${layer}/${variable}`
  const outside = new Set(found.filter(({ models }) => models.length === 0).map(plain))
  const taken = new Set<string>()
  return found.map((one) => {
    const isTaken = taken.has(plain(one)) || (one.models.length > 0 && outside.has(plain(one)))
    const name = isTaken ? [...one.models, plain(one)].join('/') : plain(one)
    if (taken.has(name)) throw new Reason(`it has two variables of the name ${name}`)
    taken.add(name)
    return { name, path: one.path }
  })
}
