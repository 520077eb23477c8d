/** The names of timm's `nasnetalarge`, with PyTorch's order of axes. */
import { byLayer, type Dialect, type LayerNames, pyTorchAxes } from './dialect.js'
import type { CellName, Layer, NamedNetwork } from './layers.js'

const CELLS = { stem: 'cell_stem', cell: 'cell', reduction: 'reduction_cell' } as const
const cellName = ({ kind, number }: CellName): string => `${CELLS[kind]}_${number}`

function layer(layer: Layer, { stem }: NamedNetwork): LayerNames | undefined {
  if (stem !== 'imagenet') return undefined
  switch (layer.part) {
    case 'stem':
      return { weights: 'conv0.conv', norm: 'conv0.bn' }
    case 'head':
      return { weights: 'last_linear' }
    case 'current':
      return { weights: `${cellName(layer.cell)}.conv_1x1.conv`, norm: `${cellName(layer.cell)}.conv_1x1.bn` }
    case 'previous': {
      const cell = cellName(layer.cell)
      return layer.reduced
        ? { weights: `${cell}.path_${layer.half}.conv`, norm: `${cell}.final_path_bn` }
        : { weights: `${cell}.conv_prev_1x1.conv`, norm: `${cell}.conv_prev_1x1.bn` }
    }
    case 'separable': {
      const path = `${cellName(layer.cell)}.comb_iter_${layer.block - 2}_${layer.side}`
      return { weights: `${path}.separable_${layer.repeat}`, norm: `${path}.bn_sep_${layer.repeat}` }
    }
    default:
      return undefined
  }
}

export const timm: Dialect = {
  name: 'timm',
  title: 'timm',
  tensors: byLayer({
    layer,
    suffix: {
      kernel: '.weight',
      bias: '.bias',
      depthwise: '.depthwise_conv2d.weight',
      pointwise: '.pointwise_conv2d.weight',
      gamma: '.weight',
      beta: '.bias',
      moving_mean: '.running_mean',
      moving_variance: '.running_var',
    },
    axes: pyTorchAxes,
  }),
  ignored: [[/\.num_batches_tracked$/, 'numbers of batches, which only training uses']],
  background: true,
}
