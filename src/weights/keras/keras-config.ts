/** What a `.keras` archive's `config.json` says of the layers: their names, classes and options. */
import { Reason } from './hdf5.js'

export interface LayerConfig {
  name: string
  /** In the spelling of Keras's groups: `separable_conv2d`. */
  className: string
  options: Readonly<Record<string, unknown>>
}

/** Nested models, at most. */
const DEEPEST = 16

/**
 * The layers of a model and of the models within it, by the path of their group in `model.weights.h5`, which is made of
 * classes and of numbers in the order of the layers: `layers/functional/layers/conv2d_1`.
 *
 * @throws Reason when it is no configuration of a Functional or Sequential model
 */
export function readKerasConfig(json: string): Map<string, LayerConfig> {
  let config: unknown
  try {
    config = JSON.parse(json)
  } catch (error) {
    throw new Reason('its config.json is damaged', { cause: error })
  }
  const layers = new Map<string, LayerConfig>()
  addLayers(layers, config, '', 0)
  return layers
}

function addLayers(layers: Map<string, LayerConfig>, model: unknown, above: string, depth: number): void {
  if (depth > DEEPEST) throw new Reason(`its models are nested more than ${DEEPEST} times`)
  const { config } = Object(model)
  const { layers: list } = Object(config)
  if (!Array.isArray(list)) return
  const seen = new Map<string, number>()
  for (const layer of list) {
    const { class_name: className, config: options } = Object(layer)
    const { name } = Object(options)
    if (typeof className !== 'string' || typeof name !== 'string')
      throw new Reason('its config.json has a layer without a class and a name')
    const kind = groupName(className)
    const number = seen.get(kind) ?? 0
    seen.set(kind, number + 1)
    const path = `${above}layers/${kind}${number === 0 ? '' : `_${number}`}`
    layers.set(path, { name, className: kind, options })
    addLayers(layers, layer, `${path}/`, depth + 1)
  }
}

/** A class's name as Keras 3 writes it in the names of groups (`to_snake_case`): `SeparableConv2D` → `separable_conv2d`. */
export function groupName(className: string): string {
  return className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
}
