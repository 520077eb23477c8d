/// <reference types="node" preserve="true" />

/**
 * Genotypes, cells and networks as pure functions of TensorFlow.js tensors.
 *
 * @module nasnet-toolkit/models
 */

export { type RandomStream, random } from '../src/shared/random.js'
export type { Fields } from '../src/shared/validation.js'
export * from './anchors.js'
export * from './autoencoder.js'
export type * from './autoencoder-config.js'
export * from './batch-norm.js'
export * from './boxes.js'
export * from './cell.js'
export type * from './context.js'
export * from './crop-and-resize.js'
export * from './detection-loss.js'
export * from './drop-path.js'
export * from './eager.js'
export * from './errors.js'
export * from './faster-rcnn.js'
export type * from './faster-rcnn-config.js'
export * from './genotype.js'
export * from './ground-truth.js'
export * from './initialize.js'
export * from './layers.js'
export * from './losses.js'
export * from './matching.js'
export * from './nasnet.js'
export type * from './nasnet-config.js'
export * from './operations.js'
export * from './plain-autoencoder.js'
export * from './pooling.js'
export * from './presets.js'
export * from './proposals.js'
export * from './published-cells.js'
export * from './roi-align.js'
export * from './suppression.js'
export * from './weighted-crops.js'
