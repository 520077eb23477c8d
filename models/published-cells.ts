/**
 * Cells found by searches, as their authors released them. All blocks add, and the operations are those of the authors
 * unless a comment says otherwise. ENAS and DARTS number the inputs the other way round: 0 is h(i−1), 1 is h(i).
 *
 * The stem and the replacement of h(i−1) in the first cell are always those of NASNet. So networks of the cells of ENAS
 * or DARTS differ a little in parameters from those of their authors.
 */
import type { Block, Cell, Genotype, OperationName } from './genotype.js'

const add = (left: [OperationName, number], right: [OperationName, number]): Block => ({
  left: { input: left[1], operation: left[0] },
  right: { input: right[1], operation: right[0] },
  combine: 'add',
})

/** Zoph et al. 2018, figure 4, as released for TensorFlow-Slim (`nets/nasnet/nasnet_utils.py`). */
export const NASNET_A: Genotype = {
  name: 'nasnet-a',
  normal: {
    blocks: [
      add(['sep_conv_5x5', 0], ['sep_conv_3x3', 1]),
      add(['sep_conv_5x5', 1], ['sep_conv_3x3', 1]),
      add(['avg_pool_3x3', 0], ['identity', 1]),
      add(['avg_pool_3x3', 1], ['avg_pool_3x3', 1]),
      add(['sep_conv_3x3', 0], ['identity', 0]),
    ],
    output: [1, 2, 3, 4, 5, 6],
  },
  reduction: {
    blocks: [
      add(['sep_conv_5x5', 0], ['sep_conv_7x7', 1]),
      add(['max_pool_3x3', 0], ['sep_conv_7x7', 1]),
      add(['avg_pool_3x3', 0], ['sep_conv_5x5', 1]),
      add(['identity', 3], ['avg_pool_3x3', 2]),
      add(['sep_conv_3x3', 2], ['max_pool_3x3', 0]),
    ],
    output: [3, 4, 5, 6],
  },
}

/**
 * Real et al. 2018, figure 6, as released for TPUs (`amoeba_net_a` in `models/official/amoeba_net/model_specs.py`).
 * There, 1×7 then 7×1 works on a quarter of the filters, between two 1×1 convolutions; here, as in Zoph et al., on all.
 */
export const AMOEBANET_A: Genotype = {
  name: 'amoebanet-a',
  normal: {
    blocks: [
      add(['avg_pool_3x3', 0], ['max_pool_3x3', 0]),
      add(['sep_conv_3x3', 1], ['identity', 1]),
      add(['identity', 0], ['avg_pool_3x3', 1]),
      add(['sep_conv_3x3', 0], ['sep_conv_5x5', 2]),
      add(['avg_pool_3x3', 5], ['sep_conv_3x3', 0]),
    ],
    output: [1, 3, 4, 6],
  },
  reduction: {
    blocks: [
      add(['sep_conv_3x3', 1], ['avg_pool_3x3', 0]),
      add(['max_pool_3x3', 0], ['sep_conv_7x7', 2]),
      add(['max_pool_3x3', 1], ['max_pool_3x3', 0]),
      add(['sep_conv_3x3', 4], ['conv_1x7_7x1', 0]),
      add(['avg_pool_3x3', 1], ['sep_conv_7x7', 0]),
    ],
    output: [2, 3, 4, 5, 6],
  },
}

const pnasnet5: Cell = {
  blocks: [
    add(['sep_conv_5x5', 1], ['max_pool_3x3', 1]),
    add(['sep_conv_7x7', 0], ['max_pool_3x3', 0]),
    add(['sep_conv_5x5', 0], ['sep_conv_3x3', 0]),
    add(['sep_conv_3x3', 4], ['max_pool_3x3', 0]),
    add(['sep_conv_3x3', 1], ['identity', 0]),
  ],
  output: [2, 3, 4, 5, 6],
}

/**
 * Liu et al. 2018 ("Progressive Neural Architecture Search"), as released for TensorFlow-Slim (`nets/nasnet/pnasnet.py`).
 * One cell for both kinds. There, a reduction takes the place of a normal cell, so that the stages of Large hold 4, 3 and
 * 3 normal cells, and those of Mobile 3, 2 and 2, which no N gives here.
 */
export const PNASNET_5: Genotype = { name: 'pnasnet-5', normal: pnasnet5, reduction: pnasnet5 }

/**
 * Pham et al. 2018, the cells of their micro search space, as released (`scripts/cifar10_micro_final.sh`). There, an
 * identity that must halve is a factorized reduction, here a strided 1×1 convolution with as many weights, and h(i)
 * passes a second 1×1 convolution before the blocks.
 */
export const ENAS_MICRO: Genotype = {
  name: 'enas-micro',
  normal: {
    blocks: [
      add(['avg_pool_3x3', 1], ['sep_conv_3x3', 1]),
      add(['identity', 1], ['sep_conv_5x5', 1]),
      add(['identity', 1], ['sep_conv_5x5', 0]),
      add(['sep_conv_3x3', 0], ['sep_conv_5x5', 1]),
      add(['avg_pool_3x3', 1], ['sep_conv_5x5', 0]),
    ],
  },
  reduction: {
    blocks: [
      add(['sep_conv_3x3', 0], ['sep_conv_3x3', 0]),
      add(['max_pool_3x3', 1], ['avg_pool_3x3', 1]),
      add(['sep_conv_5x5', 0], ['sep_conv_5x5', 3]),
      add(['sep_conv_3x3', 0], ['identity', 1]),
      add(['max_pool_3x3', 1], ['sep_conv_5x5', 0]),
    ],
  },
}

/**
 * Liu et al. 2019, the cells of their first-order search, as released (`DARTS_V1` in `cnn/genotypes.py`). Each of the
 * four nodes is a block, and all leave.
 */
export const DARTS_V1: Genotype = {
  name: 'darts-v1',
  normal: {
    blocks: [
      add(['sep_conv_3x3', 0], ['sep_conv_3x3', 1]),
      add(['identity', 1], ['sep_conv_3x3', 0]),
      add(['identity', 1], ['sep_conv_3x3', 0]),
      add(['sep_conv_3x3', 1], ['identity', 2]),
    ],
    output: [2, 3, 4, 5],
  },
  reduction: {
    blocks: [
      add(['max_pool_3x3', 1], ['max_pool_3x3', 0]),
      add(['identity', 2], ['max_pool_3x3', 1]),
      add(['max_pool_3x3', 1], ['identity', 2]),
      add(['identity', 2], ['avg_pool_3x3', 1]),
    ],
    output: [2, 3, 4, 5],
  },
}

/**
 * Liu et al. 2019, figures 4 and 5: the cells of their second-order search, as released (`DARTS_V2` in
 * `cnn/genotypes.py`). There, the dilated convolution is depthwise-separable, here a full one, with almost nine times the
 * weights.
 */
export const DARTS_V2: Genotype = {
  name: 'darts-v2',
  normal: {
    blocks: [
      add(['sep_conv_3x3', 1], ['sep_conv_3x3', 0]),
      add(['sep_conv_3x3', 1], ['sep_conv_3x3', 0]),
      add(['sep_conv_3x3', 0], ['identity', 1]),
      add(['identity', 1], ['dilated_conv_3x3', 2]),
    ],
    output: [2, 3, 4, 5],
  },
  reduction: {
    blocks: [
      add(['max_pool_3x3', 1], ['max_pool_3x3', 0]),
      add(['identity', 2], ['max_pool_3x3', 0]),
      add(['max_pool_3x3', 1], ['identity', 2]),
      add(['identity', 2], ['max_pool_3x3', 0]),
    ],
    output: [2, 3, 4, 5],
  },
}

/** By name, for the commands. */
export const PUBLISHED_CELLS: Record<string, Genotype> = Object.fromEntries(
  [NASNET_A, AMOEBANET_A, PNASNET_5, ENAS_MICRO, DARTS_V1, DARTS_V2].map((genotype) => [
    genotype.name,
    genotype,
  ]),
)
