/**
 * NASNet: a stem, three stages of N normal cells with a reduction cell between two stages, and the head of a classifier,
 * stacked as in the TensorFlow-Slim definition of the authors.
 */
import * as tf from '@tensorflow/tfjs'
import { buildCell, type FeatureMap } from './cell.js'
import type { Context } from './context.js'
import { keepAtCell } from './drop-path.js'
import { ModelError } from './errors.js'
import { convolutionNorm, dense, dropout } from './layers.js'
import { checkNasnetConfig, type NasnetConfig } from './nasnet-config.js'
import { type Shared, sharedOperations } from './operations.js'

/** The settings of a NASNet. */
export interface NasnetOutputs {
  /** N×classes. */
  logits: tf.Tensor2D
  /** N×classes, in training with `auxiliaryHead`. */
  auxiliary?: tf.Tensor2D
  /** The stem convolution's output, then every cell's, in the order of {@link cellPlan}. */
  features: FeatureMap[]
}

/** One cell of a network. */
export interface PlannedCell {
  /** Its parameters lie below this path. */
  path: string
  kind: 'normal' | 'reduction'
  filters: number
  /** Index of the feature map that it takes as h(i): 0 is the stem's convolution, k + 1 the output of cell k. */
  input: number
  /** Index of the feature map that it takes as h(i−1), if there is one. */
  previous: number | undefined
}

/** The cells of a network, in order. */
export function cellPlan(config: NasnetConfig): PlannedCell[] {
  const { cells, filters } = config
  const plan: PlannedCell[] = []
  const append = (path: string, kind: PlannedCell['kind'], filters: number) => {
    const input = plan.length
    const skip = config.skipReduction && kind === 'normal' && plan.at(-1)?.path.startsWith('reduction')
    const previous = skip ? input - 2 : input - 1
    plan.push({ path, kind, filters, input, previous: previous < 0 ? undefined : previous })
  }
  if (config.stem === 'imagenet') {
    append('stem_0', 'reduction', filters / 4)
    append('stem_1', 'reduction', filters / 2)
  }
  for (let stage = 0; stage < 3; stage++) {
    if (stage > 0) append(`reduction_${stage - 1}`, 'reduction', filters * 2 ** stage)
    for (let cell = 0; cell < cells; cell++)
      append(`cell_${stage * cells + cell}`, 'normal', filters * 2 ** stage)
  }
  return plan
}

/**
 * The network as a function of its context and of N×H×W×3 images scaled to [−1, 1].
 * Throws a {@link ModelError} when the settings are not valid, or the images are too small.
 */
export function nasnet(config: NasnetConfig): (ctx: Context, images: tf.Tensor4D) => NasnetOutputs {
  checkNasnetConfig(config)
  const plan = cellPlan(config)
  const auxiliaryCell = plan.findIndex((cell) => cell.path === 'reduction_1') - 1
  return (ctx, images) => {
    const shared = sharedOperations(config.stridedPools)
    const features = [stemConvolution(ctx.in('stem'), images, config)]
    for (let cell = 0; cell < plan.length; cell++) runCell(ctx, config, cell, features, shared)
    const outputs: NasnetOutputs = {
      logits: classifier(ctx.in('head'), features[plan.length].tensor, config, shared),
      features,
    }
    if (ctx.training && config.auxiliaryHead)
      outputs.auxiliary = auxiliaryHead(
        ctx.in('auxiliary'),
        features[auxiliaryCell + 1].tensor,
        config,
        shared,
      )
    return outputs
  }
}

/** The first convolution, 3×3, without ReLU. With the ImageNet stem it has stride 2. */
export function stemConvolution(ctx: Context, images: tf.Tensor4D, config: NasnetConfig): FeatureMap {
  const { stem, stemFilters: filters, stemPadding: padding = 'valid', batchNorm } = config
  if (stem === 'cifar')
    return { tensor: convolutionNorm(ctx, images, { size: [3, 3], filters, batchNorm }), stride: 1 }
  if (Math.min(images.shape[1], images.shape[2]) < 3)
    throw new ModelError(`The ImageNet stem needs images of at least 3×3 pixels, not ${size(images)}.`)
  const tensor = convolutionNorm(ctx, images, {
    size: [3, 3],
    filters,
    strides: [2, 2],
    padding,
    batchNorm,
  })
  return { tensor, stride: 2 }
}

/** Runs cell number `cell` of the plan on the feature maps before it, and adds its output to `features`. */
export function runCell(
  ctx: Context,
  config: NasnetConfig,
  cell: number,
  features: FeatureMap[],
  shared: Shared,
): void {
  const plan = cellPlan(config)
  const { path, kind, filters, input, previous } = plan[cell]
  features[cell + 1] = buildCell(
    ctx.in(path),
    config.genotype[kind],
    features[input],
    previous === undefined ? undefined : features[previous],
    {
      stride: kind === 'reduction' ? 2 : 1,
      filters,
      dropPathKeep: keepAtCell(config.dropPathKeep, cell, plan.length),
      batchNorm: config.batchNorm,
      shared,
    },
  )
}

/** ReLU, mean over the image, dropout, dense. */
function classifier(ctx: Context, x: tf.Tensor4D, config: NasnetConfig, shared: Shared): tf.Tensor2D {
  const pooled = tf.mean<tf.Tensor2D>(shared.relu(x), [1, 2])
  return dense(ctx, dropout(ctx, pooled, config.dropout), config.classes)
}

/** ReLU, 5×5 average pool with stride 3, 1×1 convolution to 128, full-size convolution to 768, dense. */
function auxiliaryHead(ctx: Context, x: tf.Tensor4D, config: NasnetConfig, shared: Shared): tf.Tensor2D {
  const { batchNorm, classes } = config
  if (Math.min(x.shape[1], x.shape[2]) < 5)
    throw new ModelError(
      `The auxiliary head needs at least 5×5 features before the second reduction, but these images give ` +
        `${size(x)}; use larger images, or switch it off by an auxiliary weight of 0 (--auxiliary 0).`,
    )
  const pooled = tf.avgPool(shared.relu(x), 5, 3, 'valid')
  const projected = tf.relu(
    convolutionNorm(ctx.in('projection'), pooled, { size: [1, 1], filters: 128, batchNorm }),
  )
  const whole: [number, number] = [projected.shape[1], projected.shape[2]]
  const summary = convolutionNorm(ctx.in('full'), projected, {
    size: whole,
    filters: 768,
    padding: 'valid',
    batchNorm,
  })
  return dense(ctx.in('classifier'), tf.squeeze<tf.Tensor2D>(tf.relu(summary), [1, 2]), classes)
}

function size(x: tf.Tensor4D): string {
  return `${x.shape[1]}×${x.shape[2]}`
}
