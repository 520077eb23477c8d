/** TF-Slim's names (`research/slim/nets/nasnet` of TensorFlow's models): those of the published checkpoints. */
import { byLayer, type Dialect, type LayerNames } from './dialect.js'
import type { CellName, Layer, NamedNetwork } from './layers.js'

const CELLS = { stem: 'cell_stem', cell: 'cell', reduction: 'reduction_cell' } as const
const cellName = ({ kind, number }: CellName): string => `${CELLS[kind]}_${number}`

function layer(layer: Layer, { stem, cells }: NamedNetwork): LayerNames {
  switch (layer.part) {
    case 'stem':
      return stem === 'imagenet'
        ? { weights: 'conv0', norm: 'conv0_bn' }
        : { weights: 'l1_stem_3x3', norm: 'l1_stem_bn' }
    case 'head':
      return { weights: 'final_layer/FC' }
    case 'auxiliary': {
      const names = {
        projection: { weights: 'proj', norm: 'aux_bn0' },
        full: { weights: 'Conv', norm: 'aux_bn1' },
        classifier: { weights: 'FC' },
      }
      return below(`aux_${2 * cells - 1}/aux_logits`, names[layer.name])
    }
    case 'current':
      return below(cellName(layer.cell), { weights: '1x1', norm: 'beginning_bn' })
    case 'previous':
      return below(
        cellName(layer.cell),
        layer.reduced ? halves(layer.half) : { weights: 'prev_1x1', norm: 'prev_bn' },
      )
    case 'output':
      return below(
        `${cellName(layer.cell)}/cell_output/reduction_${layer.state}`,
        layer.reduced ? halves(layer.half) : { weights: 'path_conv', norm: 'path_bn' },
      )
    case 'separable': {
      const { size, repeat } = layer
      return below(pathName(layer), {
        weights: `separable_${size}x${size}_${repeat}`,
        norm: `bn_sep_${size}x${size}_${repeat}`,
      })
    }
    case 'convolution':
      return below(pathName(layer), { weights: '1x1', norm: 'bn_1' })
  }
}

const pathName = ({ cell, block, side }: Layer & { part: 'separable' | 'convolution' }): string =>
  `${cellName(cell)}/comb_iter_${block - 2}/${side}`

const halves = (half: number | undefined): LayerNames => ({
  weights: `path${half}_conv`,
  norm: 'final_path_bn',
})

const below = (scope: string, { weights, norm }: LayerNames): LayerNames => ({
  weights: `${scope}/${weights}`,
  norm: norm && `${scope}/${norm}`,
})

export const slim: Dialect = {
  name: 'slim',
  title: 'TF-Slim',
  tensors: byLayer({
    layer,
    suffix: {
      kernel: '/weights',
      bias: '/biases',
      depthwise: '/depthwise_weights',
      pointwise: '/pointwise_weights',
      gamma: '/gamma',
      beta: '/beta',
      moving_mean: '/moving_mean',
      moving_variance: '/moving_variance',
    },
  }),
  average: (name) => `${name}/ExponentialMovingAverage`,
  ignored: [
    [/^aux_\d+\//, 'the auxiliary head, which only training has'],
    [/(^|\/)global_step(\/|$)/, 'the number of steps trained'],
    [/\/(RMSProp|RMSProp_\d+|Momentum|Adam|Adam_\d+|Adagrad)$/, 'state of the optimizer'],
    [/^(beta\d_power|save_counter\/.*|_CHECKPOINTABLE_OBJECT_GRAPH)$/, 'notes of the training program'],
  ],
  background: true,
}
