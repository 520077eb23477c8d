/** TensorFlow's checkpoints as sources of tensors, read without TensorFlow. */
import type { TensorSource } from '../source.js'
import { findCheckpoint } from './checkpoint-files.js'
import { openBundle } from './read-bundle.js'
import { openSingleFile } from './read-single-file.js'

/**
 * Opens a checkpoint of either format. Tensors are read from the disk one by one, each verified by its checksum.
 *
 * Numbers of all types become float32; float64 that are too large for it, strings and complex numbers are refused when
 * they are read.
 *
 * @param path `model.ckpt`, or one of its files (`model.ckpt.index`, `model.ckpt.data-00000-of-00001`); a folder with a
 *   checkpoint; a SavedModel
 * @throws UserError for files that are missing, cut short, damaged, or do not belong together
 */
export async function openTfCheckpoint(path: string): Promise<TensorSource> {
  const files = await findCheckpoint(path)
  return files.format === 2 ? openBundle(path, files.prefix) : openSingleFile(path, files.file)
}
