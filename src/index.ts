/// <reference types="node" preserve="true" />

/**
 * The toolkit as a library: what its commands are made of. The functions of the tasks lie flat, the rooms
 * whose many small parts one builds models and graphs from are namespaces.
 *
 * @module nasnet-toolkit
 */

/** Image sets by name or folder. */
export * from '../datasets/index.js'
/** Genotypes, cells and networks as functions of TensorFlow.js tensors. */
export * as models from '../models/index.js'
/** Serving exported models over HTTP. */
export * from '../serve/index.js'
/** From functions of TensorFlow.js tensors to ONNX graphs, and sessions that run them in worker threads. */
export * as engine from './engine/index.js'
/** Searching for cells: spaces, strategies, queues and the search. */
export * as search from './search/index.js'
/** What an exported model says of itself. */
export { cardFromMetadata, cardToMetadata, type ModelCard } from './shared/model-card.js'
export { type ModelFile, readModel, readModelCard } from './shared/read-model.js'
/** Training classifiers, detectors and autoencoders: configs, run folders, steps, the loop, evaluation, export. */
export * from './train/index.js'
