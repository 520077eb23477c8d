/** The names of Keras's `NASNetMobile`, `NASNetLarge` and `NASNet`, as layer/variable. */
import { byLayer, type Dialect, type LayerNames } from './dialect.js'
import type { CellName, Layer, NamedNetwork } from './layers.js'

/** Keras numbers the cells of all stages in one row, in which the first reduction has a number of its own: N is left out. */
export function kerasCellId({ kind, number }: CellName, cells: number): string {
  if (kind === 'stem') return `stem_${number + 1}`
  if (kind === 'reduction') return `reduce_${cells * (number + 1)}`
  return String(number < cells ? number : number + 1)
}

/** Separable convolutions by block; a second table for the one whose number is that of the block before it. */
const blockNumber = (kind: CellName['kind'], block: number): number =>
  kind !== 'cell' && block === 6 ? 4 : block - 1

function layer(layer: Layer, { stem, cells }: NamedNetwork): LayerNames | undefined {
  if (stem !== 'imagenet') return undefined
  if (layer.part === 'stem') return { weights: 'stem_conv1', norm: 'stem_bn1' }
  if (layer.part === 'head') return { weights: 'predictions' }
  if (layer.part === 'auxiliary') return undefined
  const { cell } = layer
  const id = kerasCellId(cell, cells)
  const kind = cell.kind === 'cell' ? 'normal' : 'reduction'
  switch (layer.part) {
    case 'current':
      return { weights: `${kind}_conv_1_${id}`, norm: `${kind}_bn_1_${id}` }
    case 'previous':
      return {
        weights: layer.reduced ? `adjust_conv_${layer.half}_${id}` : `adjust_conv_projection_${id}`,
        norm: `adjust_bn_${id}`,
      }
    case 'separable': {
      const place = `${kind}_${layer.side}${blockNumber(cell.kind, layer.block)}_${id}`
      return {
        weights: `separable_conv_${layer.repeat}_${place}`,
        norm: `separable_conv_${layer.repeat}_bn_${place}`,
      }
    }
    default:
      return undefined
  }
}

export const keras: Dialect = {
  name: 'keras',
  title: 'Keras',
  tensors: byLayer({
    layer,
    suffix: {
      kernel: '/kernel',
      bias: '/bias',
      depthwise: '/depthwise_kernel',
      pointwise: '/pointwise_kernel',
      gamma: '/gamma',
      beta: '/beta',
      moving_mean: '/moving_mean',
      moving_variance: '/moving_variance',
    },
  }),
  ignored: [[/^(optimizer|optimizer_weights|_?optimizer)(\/|$)/, 'state of the optimizer']],
  background: false,
}
