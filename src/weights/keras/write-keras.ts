/** Writes weight files that Keras loads. */
import { UserError } from '../../shared/errors.js'
import { writeFileAtomically } from '../../shared/files.js'
import type { NamedTensor } from '../source.js'
import type { Attributes } from './hdf5-protocol.js'
import { Hdf5Thread } from './hdf5-thread.js'
import { groupName } from './keras-config.js'

/** A layer with its variables, in the order in which Keras has them. */
export interface KerasLayer {
  /** For example `stem_conv1`. */
  name: string
  /** For example `Conv2D`. */
  className: string
  /** Their names are those within the layer: `kernel`, `gamma`. */
  variables: readonly NamedTensor[]
}

interface Group {
  path: string
  attributes: Attributes
  datasets: { path: string; tensor: NamedTensor }[]
}

/** HDF5's header of an object holds no longer attribute. */
const LONGEST_ATTRIBUTE = 64512

/**
 * Writes the weights of a model atomically: as Keras 3's form where the name ends in `.weights.h5`, else where it ends in
 * `.h5` or `.hdf5` as Keras 2's, which Keras 3 reads too. `keras.applications.NASNetMobile(weights=FILE)` and
 * `model.load_weights(FILE)` take both, and choose by the name as well.
 *
 * @param layers All layers with variables, in the order of Keras's `model.layers`.
 * @throws UserError when the name ends in something else or the file system refuses
 */
export async function writeKerasWeights(path: string, layers: readonly KerasLayer[]): Promise<void> {
  const groups = groupsOf(path, layers)
  for (const { name, variables } of layers)
    for (const { name: variable, shape, data } of variables)
      if (shape.reduce((size, side) => size * side, 1) !== data.length)
        throw new Error(`${name}/${variable} of shape [${shape}] holds ${data.length} numbers`)
  await writeFileAtomically(path, async ({ fd }) => {
    const thread = new Hdf5Thread(path)
    try {
      await thread.request('write', 'create', { fd })
      for (const { path, attributes, datasets } of groups) {
        await thread.request('write', 'group', { path, attributes })
        for (const { path, tensor } of datasets) {
          const { shape, data } = tensor
          await thread.request('write', 'dataset', { path, shape, data })
        }
      }
      await thread.request('write', 'finish', {})
    } finally {
      await thread.close()
    }
  })
}

function groupsOf(path: string, layers: readonly KerasLayer[]): Group[] {
  if (path.endsWith('.weights.h5')) return keras3Groups(layers)
  if (/\.(h5|hdf5)$/.test(path)) return keras2Groups(layers)
  throw new UserError(`Cannot write ${path}: Keras loads weights from names that end in .weights.h5 or .h5`)
}

/** `layers/CLASS[_n]/vars/i`, with the name of the layer as an attribute. */
function keras3Groups(layers: readonly KerasLayer[]): Group[] {
  const seen = new Map<string, number>()
  return layers.map(({ name, className, variables }) => {
    const kind = groupName(className)
    const number = seen.get(kind) ?? 0
    seen.set(kind, number + 1)
    const path = `/layers/${kind}${number === 0 ? '' : `_${number}`}/vars`
    const datasets = variables.map((tensor, i) => ({ path: `${path}/${i}`, tensor }))
    return { path, attributes: { name }, datasets }
  })
}

/** `LAYER/LAYER/kernel:0`, with the lists `layer_names` and `weight_names`. */
function keras2Groups(layers: readonly KerasLayer[]): Group[] {
  const names = layers.map(({ name }) => name)
  const attributes = { ...listed('layer_names', names), backend: 'tensorflow', keras_version: '2.15.0' }
  const groups: Group[] = [{ path: '/', attributes, datasets: [] }]
  for (const { name, variables } of layers) {
    const weights = variables.map((tensor) => ({ tensor, weight: `${name}/${tensor.name}:0` }))
    const list = listed(
      'weight_names',
      weights.map(({ weight }) => weight),
    )
    groups.push({ path: `/${name}`, attributes: list, datasets: [] })
    const datasets = weights.map(({ tensor, weight }) => ({ path: `/${name}/${weight}`, tensor }))
    groups.push({ path: `/${name}/${name}`, attributes: {}, datasets })
  }
  return groups
}

/** A list of texts as attributes, cut as Keras cuts it where one would be too long: `layer_names0`, `layer_names1`, … */
function listed(attribute: string, texts: readonly string[]): Attributes {
  const longest = Math.max(1, ...texts.map((text) => Buffer.byteLength(text)))
  const most = Math.floor(LONGEST_ATTRIBUTE / longest)
  if (texts.length <= most) return { [attribute]: [...texts] }
  const parts = Math.ceil(texts.length / most)
  return Object.fromEntries(
    Array.from({ length: parts }, (_, i) => [`${attribute}${i}`, texts.slice(i * most, (i + 1) * most)]),
  )
}
