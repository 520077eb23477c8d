/**
 * Keras 3's `.weights.h5`, also within `.keras` (keras/src/saving/saving_lib.py): `layers/CLASS[_n]/vars/i`, where n
 * counts layers of that class in the model's order and i the layer's variables. The attribute `name` of `vars` is the
 * layer's name. Models within models have `layers` of their own.
 */
import { type Hdf5File, Reason } from './hdf5.js'
import type { LayerConfig } from './keras-config.js'
import type { FoundVariable } from './name-variables.js'
import { variableNames } from './variable-names.js'

/** Where layers are: as Keras names it now, and as TensorFlow 2.12 and 2.13 did. */
const ROOTS = ['layers', '_layer_checkpoint_dependencies']
/** Groups, at most: hard links could make endlessly many of one. */
const MOST_GROUPS = 100_000

/** Groups in groups, at most: a group that holds itself has no end. */
const DEEPEST = 32

/** The groups that hold layers; none in other files. */
export function keras3Roots(file: Hdf5File): string[] {
  const names = new Set(file.children('/'))
  return ROOTS.map((root) => `/${root}`).filter(
    (root) => names.has(root.slice(1)) && file.kind(root) === 'group',
  )
}

/** The variables of all layers, without those of the optimizer. `config` holds the layers by their groups' paths. */
export function keras3Variables(
  file: Hdf5File,
  roots: readonly string[],
  config: ReadonlyMap<string, LayerConfig>,
): FoundVariable[] {
  const found: FoundVariable[] = []
  let groups = 0

  function visit(group: string, models: readonly string[], depth = 0): void {
    if (++groups > MOST_GROUPS || depth > DEEPEST)
      throw new Reason('its groups lie too deep, or are too many')
    const children = file.children(group).sort(naturally)
    for (const child of children)
      if (file.kind(`${group}/${child}`) !== 'group')
        throw new Reason(`its ${group}/${child} is no group, as those of Keras are`)
    const known = config.get(withCurrentRoot(group))
    const name = children.includes('vars') ? (layerName(file, `${group}/vars`) ?? known?.name) : undefined
    for (const child of children)
      if (child === 'vars') addLayer(group, models, name, known)
      else visit(`${group}/${child}`, name === undefined ? models : [...models, name], depth + 1)
  }

  function addLayer(
    group: string,
    models: readonly string[],
    layer: string | undefined,
    known: LayerConfig | undefined,
  ): void {
    const keys = file.children(`${group}/vars`).sort(naturally)
    if (keys.length === 0) return
    if (layer === undefined)
      throw new Reason(
        'it does not hold the names of its layers, as older versions of Keras wrote such files; load it there, and ' +
          'save the model as .h5 or .keras',
      )
    const className = known?.className ?? group.slice(group.lastIndexOf('/') + 1).replace(/_\d+$/, '')
    const numbered = keys.every((key, i) => key === String(i))
    const names = numbered ? variableNames(className, keys.length, known?.options) : undefined
    for (const [i, key] of keys.entries()) {
      const path = `${group}/vars/${key}`
      if (file.kind(path) !== 'dataset') throw new Reason(`its ${path} is no data set`)
      found.push({ models, layer, variable: names?.[i] ?? key, path })
    }
  }

  for (const root of roots) visit(root, [])
  return found
}

function layerName(file: Hdf5File, vars: string): string | undefined {
  return file.attributes(vars).includes('name') ? file.texts(vars, 'name')[0] : undefined
}

/** `/_layer_checkpoint_dependencies/dense` → `layers/dense`. */
const withCurrentRoot = (group: string): string => group.slice(1).replaceAll(ROOTS[1], ROOTS[0])

/** `conv2d_2` before `conv2d_10`. */
const { compare: naturally } = new Intl.Collator('en', { numeric: true })
