/**
 * Keras 2's `.h5`, which Keras 3 still reads and writes (keras/src/legacy/saving/legacy_h5_format.py): a group for each
 * layer, named in the attribute `layer_names` of the root or, in files of whole models, of `model_weights`. A layer's
 * attribute `weight_names` names its data sets within the group. Long lists are cut into `layer_names0`, `layer_names1`, …
 */
import { type Hdf5File, Reason } from './hdf5.js'
import type { FoundVariable } from './name-variables.js'

const LAYERS = 'layer_names'
const WEIGHTS = 'weight_names'

/** The group that names the layers: `''` for the root, as paths begin with it; undefined in other files. */
export function keras2Root(file: Hdf5File): string | undefined {
  if (textList(file, '/', LAYERS) !== undefined) return ''
  const models = '/model_weights'
  if (file.kind(models) !== 'group') return undefined
  return textList(file, models, LAYERS) === undefined ? undefined : models
}

/** The variables of all layers, in the order of the layers, without those of the optimizer. */
export function keras2Variables(file: Hdf5File, root: string): FoundVariable[] {
  const found: FoundVariable[] = []
  const groups = new Set(['', root])
  /** Each part of a path is looked at, as any may be a link. */
  function checkGroup(path: string): void {
    if (groups.has(path)) return
    checkGroup(path.slice(0, path.lastIndexOf('/')))
    if (file.kind(path) !== 'group') throw new Reason(`its group ${path} is missing`)
    groups.add(path)
  }

  for (const layer of textList(file, root || '/', LAYERS) ?? []) {
    const group = `${root}/${layer}`
    checkGroup(group)
    const weights = textList(file, group, WEIGHTS) ?? []
    const owners = new Set(weights.map(ownerOf))
    for (const weight of weights) {
      const path = `${group}/${weight}`
      checkGroup(path.slice(0, path.lastIndexOf('/')))
      if (file.kind(path) !== 'dataset') throw new Reason(`its ${path} is missing`)
      // A group with the variables of several layers is a model within the model.
      const owner = owners.size === 1 ? [layer] : [layer, ...ownerOf(weight).split('/')]
      const models = owner[0] === owner[1] ? owner.slice(1, -1) : owner.slice(0, -1)
      found.push({ models, layer: owner.at(-1)!, variable: variableOf(weight), path })
    }
  }
  return found
}

/** `base/stem_conv1/kernel:0` → `base/stem_conv1`. */
const ownerOf = (weight: string): string => weight.slice(0, Math.max(0, weight.lastIndexOf('/')))

/** `base/stem_conv1/kernel:0` → `kernel`. */
const variableOf = (weight: string): string => weight.slice(weight.lastIndexOf('/') + 1).replace(/:\d+$/, '')

/** A list of texts that may be cut into several attributes; undefined where there is none. */
function textList(file: Hdf5File, path: string, name: string): string[] | undefined {
  const attributes = new Set(file.attributes(path))
  if (attributes.has(name)) return file.texts(path, name)
  if (!attributes.has(`${name}0`)) return undefined
  const texts: string[] = []
  for (let i = 0; attributes.has(`${name}${i}`); i++) texts.push(...file.texts(path, `${name}${i}`))
  return texts
}
